"""Helia's gateway broker and @ipld/car read from the gateway and verify what they read."""

import pytest

from node.ipfs_lite.cid import make_cid, to_text
from node.rpc.store_sites import HostPort, gateway_site
from tests.clients.node_packages import run_client
from tests.ipfs_lite.rpc_calls import FILE, Rpc, form
from tests.rpc.running import running

pytestmark = [pytest.mark.clients, pytest.mark.net, pytest.mark.slow]


def test_helia_and_ipld_car_read_from_the_gateway() -> None:
    rpc = Rpc()
    block = rpc.add(b"one block")
    big = b"".join(bytes((n,)) * 100 for n in range(200))
    lines = rpc.lines("add?chunker=size-1000", form(("d/big", big, FILE), ("d/x", b"1", FILE)))
    root, absent = lines[-1]["Hash"], to_text(make_cid(b"absent"))
    with running(gateway_site(rpc.store, HostPort("127.0.0.1", 0))) as [port]:
        url = f"http://127.0.0.1:{port}"
        got = run_client("trustless_clients.mjs", url, block, root, absent)
    assert got["block"] == "one block"
    assert got["absent"].endswith("received 404 ")
    assert got["roots"] == [root]
    assert got["cids"][:2] == [root, lines[0]["Hash"]]
    assert len(got["cids"]) == 2 + 20 + 1
