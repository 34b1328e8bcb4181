"""kubo-rpc-client, the JavaScript client of kubo, adds to a store and reads from it."""

from typing import Any

import pytest

from node.rpc.store_sites import HostPort, api_site
from tests.clients.node_packages import run_client
from tests.ipfs_lite.rpc_calls import Rpc
from tests.rpc.running import running

pytestmark = [pytest.mark.clients, pytest.mark.net, pytest.mark.slow]


@pytest.fixture(scope="module")
def got() -> dict[str, Any]:
    """Run the client once against a fresh store in memory."""
    with running(api_site(Rpc().backend, HostPort("127.0.0.1", 0))) as [port]:
        return run_client("kubo_rpc_client.mjs", f"http://127.0.0.1:{port}/api/v0")


def test_added_files_have_kubos_cids(got: dict[str, Any]) -> None:
    cid = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert got["hello"] == {"cid": cid, "size": 11, "path": cid}
    assert got["helloV0"] == "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"


def test_files_are_read_whole_and_in_part(got: dict[str, Any]) -> None:
    assert (got["cat"], got["slice"]) == ("hello world", "wor")


def test_a_streamed_upload_comes_back(got: dict[str, Any]) -> None:
    assert got["large"] is True
    assert got["progress"] == 3 * 2**20 + 17


def test_only_hashing_stores_nothing(got: dict[str, Any]) -> None:
    assert "not found" in got["onlyHashStored"]


def test_a_tree_is_added_listed_and_followed(got: dict[str, Any]) -> None:
    paths = [path for path, _ in got["tree"]]
    assert paths == [
        *("ward/a ü.txt", "ward/below/b+c.txt", "ward/below", "ward/empty", "ward", "")
    ]
    assert sorted(got["ls"]) == [
        ["a ü.txt", "file", 5],
        ["below", "dir", 61],
        ["empty", "dir", 4],
    ]
    assert got["path"] == "second"


def test_pins_are_set_listed_and_taken_off(got: dict[str, Any]) -> None:
    root = got["tree"][-1][1]
    assert [root, "recursive", "ward tree"] in got["pins"]
    assert len(got["pins"]) == 4
    assert got["indirect"] > 0
    assert got["unpinned"] is True


def test_garbage_goes_and_is_gone(got: dict[str, Any]) -> None:
    assert got["collected"] == 6
    assert "not found" in got["gone"]


def test_blocks_are_put_read_and_removed(got: dict[str, Any]) -> None:
    assert got["block"]["data"] == "a block"
    assert got["stat"] == 7
    assert got["rm"] == [[got["block"]["cid"], None]]


def test_a_graph_goes_out_as_a_car_and_comes_back(got: dict[str, Any]) -> None:
    assert got["car"] is True
    assert got["imported"] == [[got["streamed"], ""]]
    assert got["again"] is True


def test_the_store_is_described(got: dict[str, Any]) -> None:
    assert got["repo"]["repoPath"] == "ward-store"
    assert got["repo"]["numObjects"] > 0
    assert got["version"] == "0.1.0"


def test_a_call_that_is_not_there_is_an_error_with_words(got: dict[str, Any]) -> None:
    assert got["unknown"].startswith("there is no call 'swarm/peers' here")
