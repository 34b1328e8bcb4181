"""The table of calls."""

import json

import pytest

from node.ipfs_lite.rpcapi import CALLS, handle
from tests.ipfs_lite.rpc_calls import Rpc, post

SECTION_16 = {
    *("add", "cat", "dag/export", "dag/import", "block/get", "block/put", "block/stat"),
    *("block/rm", "pin/add", "pin/rm", "pin/ls", "repo/gc", "repo/stat", "repo/verify"),
}


def test_every_call_of_the_specification_is_there() -> None:
    assert set(CALLS) - SECTION_16 == {"ls", "version"}
    assert set(CALLS) >= SECTION_16


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_calls_are_made_with_post_only(method: str) -> None:
    answer = handle(Rpc().backend, post("version", method=method))
    assert answer.status == 405
    assert ("Allow", "POST") in answer.headers


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("pin/lss", "there is no call 'pin/lss' here, did you mean 'pin/ls'?"),
        ("swarm/peers", "there is no call 'swarm/peers' here"),
        ("", "there is no call '' here"),
        ("../version", "there is no call"),
    ],
)
def test_other_calls_are_not_found(path: str, sentence: str) -> None:
    status, message = Rpc().refused(path)
    assert status == 404
    assert message.startswith(sentence)


@pytest.mark.parametrize("call", sorted(CALLS))
def test_every_call_refuses_a_parameter_that_it_does_not_know(call: str) -> None:
    status, message = Rpc().refused(f"{call}?arg=x&recursiv=1&zzz=1")
    assert status == 400
    assert message.startswith(("unknown parameter", "wants"))


@pytest.mark.parametrize("call", sorted(name for name, call in CALLS.items() if call.least))
def test_every_call_counts_its_arguments(call: str) -> None:
    status, message = Rpc().refused(call)
    assert status == 400
    assert message.startswith("wants 1")


@pytest.mark.parametrize("call", sorted(name for name, call in CALLS.items() if call.least))
def test_every_call_refuses_what_is_no_cid(call: str) -> None:
    assert Rpc().refused(f"{call}?arg=nothing")[0] == 400


def test_a_slash_behind_a_call_changes_nothing() -> None:
    assert json.loads(b"".join(Rpc().answer("version/").body))["Repo"] == "1"
