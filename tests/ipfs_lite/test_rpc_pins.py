"""Pins over the RPC."""

from typing import Any

import pytest

from node.ipfs_lite.blocks import Pin, PinMode
from node.ipfs_lite.cid import from_text
from tests.ipfs_lite.rpc_calls import FILE, Rpc, files, form

TREE = form(("d%2Fa", b"one", FILE), ("d%2Fb", b"two", FILE))


def keys(rpc: Rpc, query: str = "") -> dict[str, Any]:
    """List pins in one document."""
    [line] = rpc.lines(f"pin/ls?{query}")
    found: dict[str, Any] = line["Keys"]
    return found


@pytest.fixture
def rpc() -> Rpc:
    return Rpc()


@pytest.fixture
def tree(rpc: Rpc) -> tuple[str, str, str]:
    """Add a folder of two files without a pin; give a, b, folder."""
    one, two, folder = (line["Hash"] for line in rpc.lines("add?pin=false", TREE))
    return one, two, folder


def test_a_pin_holds_a_whole_graph(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    one, two, folder = tree
    assert rpc.lines(f"pin/add?arg={folder}&name=ward") == [{"Pins": [folder]}]
    assert rpc.store.pin_of(from_text(folder)) == Pin(
        from_text(folder), name="ward", created_s=1000
    )
    assert keys(rpc) == {
        folder: {"Type": "recursive", "Name": ""},
        one: {"Type": "indirect", "Name": ""},
        two: {"Type": "indirect", "Name": ""},
    }
    assert keys(rpc, "names=true&type=recursive") == {folder: {"Type": "recursive", "Name": "ward"}}
    assert keys(rpc, "type=direct") == {}
    assert set(keys(rpc, "type=indirect")) == {one, two}


def test_a_direct_pin_holds_one_block(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    folder = tree[2]
    rpc.lines(f"pin/add?arg={folder}&recursive=false")
    assert keys(rpc) == {folder: {"Type": "direct", "Name": ""}}
    pin = rpc.store.pin_of(from_text(folder))
    assert pin is not None
    assert pin.mode is PinMode.DIRECT


def test_a_name_that_no_pin_can_have_is_refused_before_anything_is_kept(rpc: Rpc) -> None:
    name = "n" * 256
    said = (400, "the parameter 'pin-name' has 256 bytes, at most 255")
    assert rpc.refused(f"add?pin-name={name}", TREE) == said
    assert rpc.store.count() == 0
    assert rpc.refused(f"pin/add?arg=bafkqaaa&name={name}")[0] == 400


def test_an_argument_may_be_a_path(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    one, _, folder = tree
    assert rpc.lines(f"pin/add?arg=/ipfs/{folder}/a") == [{"Pins": [one]}]


def test_a_stream_has_a_pin_per_line(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    rpc.lines(f"pin/add?arg={tree[2]}&name=n")
    assert rpc.lines("pin/ls?stream=true&type=recursive&names=true") == [
        {"Cid": tree[2], "Type": "recursive", "Name": "n"}
    ]


def test_a_name_finds_its_pins(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    rpc.lines(f"pin/add?arg={tree[0]}&name=first-scan")
    rpc.lines(f"pin/add?arg={tree[1]}&name=letter")
    assert keys(rpc, "name=scan") == {tree[0]: {"Type": "recursive", "Name": "first-scan"}}
    assert rpc.refused("pin/ls?name=scan&names=false")[0] == 400


def test_arguments_say_how_they_are_pinned(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    one, two, folder = tree
    rpc.lines(f"pin/add?arg={folder}")
    assert keys(rpc, f"arg={folder}&arg={one}") == {
        folder: {"Type": "recursive", "Name": ""},
        one: {"Type": f"indirect through {folder}", "Name": ""},
    }
    assert rpc.refused(f"pin/ls?arg={two}&type=direct") == (500, f"{two}: is not pinned")


def test_a_pin_is_taken_off(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    one, _, folder = tree
    rpc.lines(f"pin/add?arg={folder}&arg={one}")
    assert rpc.refused(f"pin/rm?arg={folder}&recursive=false")[0] == 500
    assert rpc.lines(f"pin/rm?arg={folder}&arg={one}") == [{"Pins": [folder, one]}]
    assert keys(rpc) == {}


def test_taking_off_a_pin_that_is_none_takes_off_nothing(
    rpc: Rpc, tree: tuple[str, str, str]
) -> None:
    rpc.lines(f"pin/add?arg={tree[2]}")
    assert rpc.refused(f"pin/rm?arg={tree[2]}&arg={tree[0]}")[1] == f"{tree[0]}: is not pinned"
    assert tree[2] in keys(rpc)


def test_what_is_not_whole_is_not_pinned(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    rpc.store.delete(from_text(tree[0]))
    status, sentence = rpc.refused(f"pin/add?arg={tree[2]}&arg={tree[1]}")
    assert status == 500
    assert tree[0] in sentence
    assert keys(rpc) == {}


def test_a_name_of_a_pin_has_a_limit(rpc: Rpc, tree: tuple[str, str, str]) -> None:
    assert rpc.refused(f"pin/add?arg={tree[0]}&name={'x' * 256}")[0] == 400
    rpc.lines(f"pin/add?arg={tree[0]}&name={'x' * 255}")


def test_a_file_is_pinned_with_its_profile() -> None:
    rpc = Rpc()
    [line] = rpc.lines("add?profile=kubo-cidv1&pin-name=n", files(x=b"1"))
    pin = rpc.store.pin_of(from_text(line["Hash"]))
    assert pin is not None
    assert (pin.profile, pin.name) == ("kubo-cidv1", "n")
