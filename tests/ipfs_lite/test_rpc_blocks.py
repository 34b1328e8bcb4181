"""Single blocks over the RPC."""

import pytest

from node.base.limits import BLOCK_BYTES_MAX
from node.ipfs_lite.blocks import BlockClass, PinMode
from node.ipfs_lite.cid import from_text
from tests.ipfs_lite.rpc_calls import FILE, Rpc, files, form

HELLO_RAW = (
    "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"  # sha2-256 of "hello world"
)
EMPTY_DIRECTORY = b"\x0a\x02\x08\x01"


def test_a_block_comes_back_as_it_was_put() -> None:
    rpc = Rpc()
    assert rpc.lines("block/put", files(x=b"hello world")) == [{"Key": HELLO_RAW, "Size": 11}]
    assert rpc.got(f"block/get?arg={HELLO_RAW}") == b"hello world"
    assert rpc.got(f"block/get?arg=/ipfs/{HELLO_RAW}") == b"hello world"
    assert rpc.lines(f"block/stat?arg={HELLO_RAW}") == [{"Key": HELLO_RAW, "Size": 11}]


@pytest.mark.parametrize(
    ("option", "key"),
    [
        ("cid-codec=dag-pb", "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"),
        ("format=protobuf", "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"),
        ("format=v0", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"),
        ("cid-codec=raw&mhtype=sha2-256&mhlen=-1", None),
    ],
)
def test_the_codec_is_the_callers(option: str, key: str | None) -> None:
    [line] = Rpc().lines(f"block/put?{option}", files(x=EMPTY_DIRECTORY))
    assert key in (None, line["Key"])


def test_bytes_that_are_no_node_get_no_node_cid() -> None:
    rpc = Rpc()
    assert rpc.refused("block/put?cid-codec=dag-pb", files(x=b"hello"))[0] == 500
    assert rpc.store.count() == 0


@pytest.mark.parametrize(
    "option", ["mhtype=sha1", "cid-codec=git-raw", "format=raw&cid-codec=raw", "codec=raw"]
)
def test_other_options_are_refused(option: str) -> None:
    rpc = Rpc()
    assert rpc.refused(f"block/put?{option}", files(x=b"hello"))[0] == 400
    assert rpc.store.count() == 0


def test_several_blocks_are_put_at_once_and_pinned() -> None:
    rpc = Rpc()
    lines = rpc.lines("block/put?pin=true", form(("a", b"1", FILE), ("b", b"2", FILE)))
    pins = {pin.cid: pin.mode for pin in rpc.store.pins()}
    assert pins == {from_text(line["Key"]): PinMode.RECURSIVE for line in lines}


def test_a_block_without_class_is_refused() -> None:
    rpc = Rpc(default_class=None)
    assert rpc.refused("block/put", files(x=b"hello"))[0] == 400
    rpc.lines("block/put?class=sealed", files(x=b"hello world"))
    assert rpc.store.class_of(from_text(HELLO_RAW)) is BlockClass.SEALED


def test_a_block_that_is_too_long_is_refused() -> None:
    status, sentence = Rpc().refused("block/put", files(x=bytes(BLOCK_BYTES_MAX + 1)))
    assert (status, sentence) == (400, f"'x' has more than {BLOCK_BYTES_MAX} bytes")


def test_a_form_without_a_block_is_refused() -> None:
    assert Rpc().refused("block/put", form())[0] == 400


@pytest.mark.parametrize("call", ["get", "stat"])
def test_an_absent_block_is_an_error(call: str) -> None:
    status, sentence = Rpc().refused(f"block/{call}?arg={HELLO_RAW}")
    assert (status, sentence) == (500, f"block {HELLO_RAW} not found")


def test_an_argument_that_is_no_cid_is_refused() -> None:
    assert Rpc().refused("block/get?arg=nothing")[0] == 400


def test_blocks_are_removed_unless_they_are_held() -> None:
    rpc = Rpc()
    held = rpc.lines("block/put?pin=true", files(x=b"held"))[0]["Key"]
    free = rpc.lines("block/put", files(x=b"free"))[0]["Key"]
    first, second, third = rpc.lines(f"block/rm?arg={held}&arg={free}&arg={HELLO_RAW}")
    assert first["Hash"] == held
    assert "pinned" in first["Error"]
    assert second == {"Hash": free}
    assert third == {"Hash": HELLO_RAW, "Error": f"block {HELLO_RAW} not found"}
    assert rpc.lines(f"block/rm?arg={free}&force=true") == [{"Hash": free}]
    assert rpc.lines(f"block/rm?arg={free}&force=true&quiet=true") == []
