import os
from pathlib import Path

import pytest

from node.bench import rpc_run
from node.bench.errors import CandidateFaultError
from node.bench.own import JOBS, Job
from node.bench.rpc_run import RPC_MODES, measure
from node.bench.servers import CLIENT_NAMES, find_clients
from node.bench.workload import workload
from tests.bench.fakes import fake

pytestmark = [
    pytest.mark.net,
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups"),
]
CALLS = 6


@pytest.fixture(scope="module")
def want() -> str:
    job = Job(mode="build", executor="py-evm", transactions=CALLS, block_transactions=50)
    return JOBS["build"](job).digest


@pytest.mark.parametrize("mode", RPC_MODES)
def test_every_mode_runs_the_whole_workload(mode: str, want: str) -> None:
    found = measure(fake(), mode, workload(CALLS))
    assert (found.transactions, found.digest) == (CALLS, want)
    assert found.cpu_us_per_tx is None or found.cpu_us_per_tx >= 0


def test_receipt_is_asked_for_until_it_is_there(want: str) -> None:
    assert measure(fake("later"), "receipt", workload(CALLS)).digest == want


def test_more_calls_than_a_batch_holds_are_sent(want: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_run, "BATCH_CALLS", 4)
    assert measure(fake(), "batch", workload(CALLS)).digest == want


def test_failed_transaction_is_told() -> None:
    with pytest.raises(CandidateFaultError, match=r"the transaction 0x\w+ failed"):
        measure(fake("failing"), "receipt", workload(CALLS))


def test_lost_transaction_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_run, "STALL_SECONDS_MAX", 0.2)
    with pytest.raises(CandidateFaultError, match=r"nonce|took 2 of"):
        measure(fake("lossy"), "send", workload(CALLS))


@pytest.mark.clients
@pytest.mark.slow
@pytest.mark.parametrize("name", CLIENT_NAMES)
def test_real_client_answers_as_our_ledger(name: str, want: str) -> None:
    folder = Path(os.environ.get("WARDNET_PEERS_DIR", "."))
    found, absent = find_clients(folder)
    clients = [client for client in found if client.name == name]
    if not clients:
        pytest.skip(f"{absent[name]}; WARDNET_PEERS_DIR names the folder of its node_modules")
    for mode in RPC_MODES:
        assert measure(clients[0], mode, workload(CALLS)).digest == want, mode
