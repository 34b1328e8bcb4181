"""Which addresses serve what, and who may read it."""

import pytest

from node.base.errors import ConfigError
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid, to_text
from node.ipfs_lite.http import Request
from node.ipfs_lite.memory_store import MemoryStore
from node.rpc.store_sites import HostPort, api_site, gateway_site, parse_address
from tests.ipfs_lite.rpc_calls import Rpc, post

LOOPBACK = HostPort("127.0.0.1", 0)
BEYOND = HostPort("10.0.0.1", 8080)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", HostPort("127.0.0.1", 8080)),
        ("localhost:0", HostPort("127.0.0.1", 0)),
        ("[::1]:5001", HostPort("::1", 5001)),
        ("0.0.0.0:80", HostPort("0.0.0.0", 80)),
    ],
)
def test_addresses_are_read(text: str, address: HostPort) -> None:
    assert parse_address(text, "--api") == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8080",
        ":8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "host:1",
        "1.2.3:1",
        "127.0.0.1:-1",
    ],
)
def test_what_is_no_address_names_its_option(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--api "):
        parse_address(text, "--api")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_known(host: str, is_loopback: bool) -> None:
    assert HostPort(host, 1).is_loopback == is_loopback


def test_the_rpc_never_leaves_loopback() -> None:
    with pytest.raises(ConfigError, match="the RPC listens on loopback only"):
        api_site(Rpc().backend, BEYOND)


def test_the_gateway_leaves_loopback_only_where_that_is_meant() -> None:
    with pytest.raises(ConfigError, match="--expose"):
        gateway_site(MemoryStore(), BEYOND)
    assert gateway_site(MemoryStore(), BEYOND, is_exposed=True).guard.is_exposed
    assert not gateway_site(MemoryStore(), LOOPBACK, is_exposed=True).guard.is_exposed


@pytest.mark.parametrize(
    ("address", "klass", "status"),
    [
        (LOOPBACK, BlockClass.PUBLIC, 200),
        (LOOPBACK, BlockClass.SEALED, 200),
        (BEYOND, BlockClass.PUBLIC, 200),
        (BEYOND, BlockClass.SEALED, 404),
        (BEYOND, None, 404),
    ],
)
def test_beyond_loopback_only_public_blocks_are_there(
    address: HostPort, klass: BlockClass | None, status: int
) -> None:
    store = MemoryStore()
    cid = make_cid(b"data")
    if klass is not None:
        store.put(cid, b"data", klass)
    site = gateway_site(store, address, is_exposed=True)
    request = Request("GET", f"/ipfs/{to_text(cid)}", (("format", "raw"),))
    assert site.handle(request).status == status


def test_both_ask_for_the_token_where_there_is_one() -> None:
    token = b"0123456789abcdef"
    assert api_site(Rpc().backend, LOOPBACK, token=token).guard.token == token
    assert gateway_site(MemoryStore(), LOOPBACK, token=token).guard.token == token


def test_the_rpc_answers_its_calls() -> None:
    assert api_site(Rpc().backend, LOOPBACK).handle(post("version")).status == 200
