"""SIGKILL at any instant of deposit, release and step (secret-sharing.md section 14)."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from threading import Timer

import pytest

from node.privacy.release_messages import Status, check_chain
from node.sss.gf256 import add
from node.sss.shares import Kind, decode_container
from tests.privacy.busy_custody import DEAL_ID, KEY, essential
from tests.privacy.custody_folder import key_files, opened
from tests.privacy.ward import HOSPITALS

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50


def _run_and_kill(folder, run, random):
    """Let a process work and kill it; give what it said, half a line left out."""
    command = [sys.executable, "-m", "tests.privacy.busy_custody", str(folder), str(run)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        first = child.stdout.readline()
        timer = Timer(random.uniform(0, 0.4), child.kill)
        timer.start()
        written = first + child.stdout.read()
        timer.join()
    assert child.returncode == -signal.SIGKILL
    return [line.split() for line in written.split("\n")[:-1]]


def _judge_shares(store) -> int:
    """Every share is the one of its epoch, and the steps go on from there; give the epoch."""
    share = decode_container(store.holding(DEAL_ID).share)
    epoch = share.epoch
    assert share.payload == add(KEY, essential(epoch))
    for grant_id, deal_id in store.deposits():
        lent = decode_container(store.grant_share(grant_id, deal_id))
        assert (lent.kind, lent.epoch) == (Kind.GRANT, epoch)
        assert lent.payload == essential(epoch)
    steps = [decode_container(raw) for raw in store.steps(DEAL_ID)]
    assert [step.epoch for step in steps] == list(range(epoch + 1, epoch + 1 + len(steps)))
    for step in steps:
        assert step.payload == add(essential(step.epoch - 1), essential(step.epoch))
    # every deposit brought a step, and the end of its grant spent one, in one transaction each
    assert len(steps) == len(store.deposits())
    return epoch


@pytest.mark.slow
def test_a_custodian_that_is_killed_at_any_instant_is_whole_and_owes_no_receipt(tmp_path):
    random, said, epochs = Random(20), Counter(), [0]
    answered: list[str] = []
    for run in range(KILLS):
        lines = _run_and_kill(tmp_path, run, random)
        said.update(line[0] for line in lines)
        answered += [line[1] for line in lines if line[0] == "answer"]
        with opened(tmp_path, custodian=HOSPITALS[0].address) as store:
            epochs.append(_judge_shares(store))
            receipts = store.receipts()
            assert len(key_files(tmp_path)) == 1
        check_chain(receipts, HOSPITALS[0].address)
        kept = [one.receipt_id().hex() for one in receipts]
        # in order, each answer has its receipt; at most the last of a run was not said any more
        assert [one for one in kept if one in set(answered)] == answered
        assert len(kept) - len(answered) <= run + 1
    assert {one.status for one in receipts} <= {Status.RELEASED, Status.RATE_LIMIT}
    assert sum(one.status is Status.RELEASED for one in receipts) > len(receipts) // 2
    assert epochs == sorted(epochs)
    # of each run one step may be durable and unsaid
    assert 0 <= epochs[-1] - said["step"] <= KILLS
    assert min(said["step"], said["deposit"], len(answered)) > KILLS
