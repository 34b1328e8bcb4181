"""What grows in a node has an end."""

import pytest

from node.app import chain_desk, client_desk
from node.base.types import Hash32
from node.consensus_poa.clique import engine as clique_engine
from node.workflows.errors import TooManyRequestsError
from node.workflows.requests import AwaitInclusion
from tests.app.ward import lone


def test_clients_that_wait_for_nothing_fill_a_bounded_room(monkeypatch):
    monkeypatch.setattr(client_desk, "OPEN_REQUESTS_COUNT_MAX", 2)
    ward = lone()
    calls = [ward.ask(0, AwaitInclusion(Hash32(bytes([n]) * 32))) for n in range(3)]
    assert [ward.is_open(call) for call in calls] == [True, True, False]
    with pytest.raises(TooManyRequestsError, match="2 requests wait"):
        ward.answer(calls[2])


def test_the_log_of_the_engine_is_cut_to_what_a_restart_can_use(monkeypatch):
    monkeypatch.setattr(chain_desk, "WAL_ENTRIES_COUNT_MAX", 4)
    monkeypatch.setattr(clique_engine, "LOG_KEEPS", {"seal": 3, "snapshot": 1})
    ward = lone(validators=1, pause=False)
    ward.grow(9)
    assert ward.height >= 9
    assert 3 <= len(ward.cores[0].chain._log.entries()) <= 8
