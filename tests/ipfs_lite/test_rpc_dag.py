"""Graphs over the RPC: reading files, listing folders, CAR files in and out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import from_text
from tests.ipfs_lite.rpc_calls import FILE, SYMLINK, Rpc, files, form

DATA = bytes(range(256)) * 10


@pytest.fixture
def rpc() -> Rpc:
    return Rpc()


@pytest.fixture
def root(rpc: Rpc) -> str:
    """Add a file of ten chunks."""
    return rpc.add(DATA, "chunker=size-256")


def test_a_file_is_read_whole(rpc: Rpc, root: str) -> None:
    answer = rpc.answer(f"cat?arg=/ipfs/{root}")
    assert b"".join(answer.body) == DATA
    assert ("X-Stream-Output", "1") in answer.headers


@given(st.integers(0, 2_560), st.integers(0, 3_000))
def test_a_part_of_a_file_is_a_slice(offset: int, length: int) -> None:
    rpc = Rpc()
    root = rpc.add(DATA, "chunker=size-256")
    assert rpc.got(f"cat?arg={root}&offset={offset}&length={length}") == DATA[offset:][:length]


def test_a_part_without_length_goes_to_the_end(rpc: Rpc, root: str) -> None:
    assert rpc.got(f"cat?arg={root}&offset=2000") == DATA[2000:]
    assert rpc.got(f"cat?arg={root}&length=10") == DATA[:10]


def test_an_offset_behind_the_end_is_refused(rpc: Rpc, root: str) -> None:
    assert rpc.refused(f"cat?arg={root}&offset=2561") == (
        400,
        "offset 2561 lies behind the end: the file has 2560 bytes",
    )


def test_a_missing_block_at_the_begin_still_has_a_status(rpc: Rpc, root: str) -> None:
    rpc.store.delete(from_text(root))
    assert rpc.refused(f"cat?arg={root}")[0] == 500


def test_folders_are_listed_with_kinds(rpc: Rpc) -> None:
    sent = form(("d/f", DATA, FILE), ("d/l", b"f", SYMLINK), ("d/s/x", b"1", FILE))
    lines = {line["Name"]: line for line in rpc.lines("add", sent)}
    [answer] = rpc.lines(f"ls?arg={lines['d']['Hash']}")
    [found] = answer["Objects"]
    assert found["Hash"] == lines["d"]["Hash"]
    assert found["Links"] == [
        {"Name": "f", "Hash": lines["d/f"]["Hash"], "Size": 2_560, "Type": 2, "Target": ""},
        {"Name": "l", "Hash": lines["d/l"]["Hash"], "Size": 7, "Type": 4, "Target": "f"},
        {
            "Name": "s",
            "Hash": lines["d/s"]["Hash"],
            "Size": int(lines["d/s"]["Size"]),
            "Type": 1,
            "Target": "",
        },
    ]


def test_a_folder_can_be_listed_whose_entries_are_elsewhere(rpc: Rpc) -> None:
    lines = {line["Name"]: line for line in rpc.lines("add", form(("d/f", DATA, FILE)))}
    rpc.store.delete(from_text(lines["d/f"]["Hash"]))
    [answer] = rpc.lines(f"ls?arg={lines['d']['Hash']}")
    assert [(link["Type"], link["Size"]) for link in answer["Objects"][0]["Links"]] == [(0, 2_560)]


def test_a_file_lists_no_entries(rpc: Rpc, root: str) -> None:
    assert rpc.lines(f"ls?arg={root}") == [{"Objects": [{"Hash": root, "Links": []}]}]


def test_a_graph_goes_out_and_comes_in_elsewhere(rpc: Rpc, root: str) -> None:
    car = rpc.got(f"dag/export?arg={root}")
    other = Rpc()
    lines = other.lines("dag/import?stats=true", files(car=car))
    assert lines == [
        {"Root": {"Cid": {"/": root}, "PinErrorMsg": ""}},
        {
            "Stats": {
                "BlockCount": 2,
                "BlockBytesCount": 256 + len(rpc.got(f"block/get?arg={root}")),
            }
        },
    ]
    assert other.got(f"cat?arg={root}") == DATA
    assert [pin.cid for pin in other.store.pins()] == [from_text(root)]
    assert other.got(f"dag/export?arg={root}") == car


def test_roots_are_not_pinned_where_that_is_asked(rpc: Rpc, root: str) -> None:
    car = rpc.got(f"dag/export?arg={root}")
    other = Rpc(default_class=None)
    assert other.refused("dag/import", files(car=car))[0] == 400
    assert other.lines("dag/import?pin-roots=false&class=sealed", files(car=car)) == []
    assert list(other.store.pins()) == []
    assert other.store.class_of(from_text(root)) is BlockClass.SEALED


def test_a_broken_car_is_refused_and_leaves_only_garbage(rpc: Rpc, root: str) -> None:
    car = rpc.got(f"dag/export?arg={root}")
    other = Rpc()
    status, sentence = other.refused("dag/import", files(car=car[:-1]))
    assert status == 500
    assert f"after {root}" in sentence
    assert list(other.store.pins()) == []
    other.lines("repo/gc")
    assert other.store.count() == 0


def test_a_form_without_a_file_is_refused(rpc: Rpc) -> None:
    assert rpc.refused("dag/import", form())[0] == 400
