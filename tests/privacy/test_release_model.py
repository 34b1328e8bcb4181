"""Release against a model: random histories, and mistakes that they must find.

secret-sharing.md section 14: no status 0 outside the interval, ever; receipts form one unbroken
chain; the decision equals the model's.
"""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from node.base.types import Hash32
from node.privacy import custody, release
from node.privacy.custody_store import MemoryStore
from node.privacy.release_messages import Head, Request, Status
from node.sss.shares import decode_container
from tests.privacy.release_machine import ReleaseMachine
from tests.privacy.release_world import BURST, RELEASES_MAX

STEPS = 40
HISTORIES = 40
HISTORIES_SLOW = 400
HISTORIES_TO_FIND = 400
SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck),
)
QUICK = settings(
    SETTINGS,
    max_examples=HISTORIES_TO_FIND,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    print_blob=False,
    verbosity=Verbosity.quiet,
)


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch):
    monkeypatch.setattr(custody, "RELEASE_BURST_COUNT_MAX", BURST)
    monkeypatch.setattr(release, "RELEASES_PER_GRANT_COUNT_MAX", RELEASES_MAX)


def test_every_decision_is_the_models_and_every_status_occurs(monkeypatch):
    seen, released = Counter(), Counter()
    monkeypatch.setattr(ReleaseMachine, "seen", seen)
    monkeypatch.setattr(ReleaseMachine, "released_in_emergencies", released)
    run_state_machine_as_test(ReleaseMachine, settings=settings(SETTINGS, max_examples=HISTORIES))
    # None is silence: what a bad request gets
    assert set(seen) == {None, *Status} - {Status.BAD_REQUEST}
    assert seen[Status.RELEASED] > HISTORIES
    assert min(released[True], released[False]) >= HISTORIES // 5


@pytest.mark.slow
def test_every_decision_is_the_models_in_many_histories():
    many = settings(SETTINGS, max_examples=HISTORIES_SLOW, derandomize=False)
    run_state_machine_as_test(ReleaseMachine, settings=many)


# ---- planted mistakes: deciders that believe something wrong


class _Bent:
    """A port that lies about some things."""

    def __init__(self, real, **lies) -> None:
        self._real = real
        self._lies = lies

    def __getattr__(self, name):
        return self._lies[name] if name in self._lies else getattr(self._real, name)


def _bend_grant(view, change):
    def grant(grant_id):
        facts = view.grant(grant_id)
        return None if facts is None else change(facts)

    return _Bent(view, grant=grant)


def _no_expiry(request, view, kept, now_us):
    return _bend_grant(view, lambda facts: replace(facts, valid_until_s=2**63)), kept


def _expiry_one_late(request, view, kept, now_us):
    """Take ``<=`` for ``<``."""
    return _bend_grant(
        view, lambda facts: replace(facts, valid_until_s=facts.valid_until_s + 1)
    ), kept


def _start_one_early(request, view, kept, now_us):
    return _bend_grant(
        view, lambda facts: replace(facts, valid_from_s=facts.valid_from_s - 1)
    ), kept


def _local_clock(request, view, kept, now_us):
    passed_s = (now_us - view.head_advanced_us) // 10**6
    head = view.head
    return _Bent(view, head=Head(head.number, head.hash, head.timestamp_s + passed_s)), kept


def _revocation_ignored(request, view, kept, now_us):
    return _bend_grant(view, lambda facts: replace(facts, is_revoked=False)), kept


def _nonce_not_kept(request, view, kept, now_us):
    return view, _Bent(kept, is_nonce_seen=lambda grant_id, nonce: False)


def _epoch_ignored(request, view, kept, now_us):
    def of_request(raw):
        return None if raw is None else replace(decode_container(raw), epoch=request.epoch).encode()

    return view, _Bent(
        kept,
        share=lambda deal_id: of_request(kept.share(deal_id)),
        grant_share=lambda grant_id, deal_id: of_request(kept.grant_share(grant_id, deal_id)),
    )


def _grantee_of_the_request(request, view, kept, now_us):
    return _bend_grant(view, lambda facts: replace(facts, grantee=request.grantee)), kept


def _forks_believed(request, view, kept, now_us):
    return _Bent(view, block_hash=lambda number: request.head_hash), kept


def _stall_ignored(request, view, kept, now_us):
    return _Bent(view, head_advanced_us=now_us), kept


def _own_licence_ignored(request, view, kept, now_us):
    return _Bent(view, is_own_licence_active=lambda: True), kept


def _doctors_licence_ignored(request, view, kept, now_us):
    return _Bent(view, is_active_grantee=lambda account: True), kept


def _generation_ignored(request, view, kept, now_us):
    def record(deal_id):
        facts = view.record(deal_id)
        return None if facts is None else replace(facts, is_current=True)

    return _Bent(view, record=record), kept


def _releases_uncounted(request, view, kept, now_us):
    return view, _Bent(kept, releases=lambda grant_id: 0)


def _rate_ignored(request, view, kept, now_us):
    return view, _Bent(kept, has_token=lambda grantee, at_us: True)


MISTAKES = [
    _no_expiry,
    _expiry_one_late,
    _start_one_early,
    _local_clock,
    _revocation_ignored,
    _nonce_not_kept,
    _epoch_ignored,
    _grantee_of_the_request,
    _forks_believed,
    _stall_ignored,
    _own_licence_ignored,
    _doctors_licence_ignored,
    _generation_ignored,
    _releases_uncounted,
    _rate_ignored,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.__name__.strip("_"))
def test_a_decider_with_a_mistake_is_found(monkeypatch, mistake):
    def decide(raw, view, kept, now_us):
        bent_view, bent_kept = mistake(Request.decode(raw), view, kept, now_us)
        return release.decide(raw, bent_view, bent_kept, now_us)

    monkeypatch.setattr(custody, "decide", decide)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(ReleaseMachine, settings=QUICK)


def test_a_bent_decider_that_bends_nothing_passes(monkeypatch):
    """The mistakes are found, not the bending."""
    monkeypatch.setattr(
        custody,
        "decide",
        lambda raw, view, kept, now_us: release.decide(raw, _Bent(view), _Bent(kept), now_us),
    )
    run_state_machine_as_test(ReleaseMachine, settings=settings(QUICK, max_examples=10))


def test_a_broken_chain_of_receipts_is_found(monkeypatch):
    monkeypatch.setattr(MemoryStore, "last_receipt", lambda self: None)
    with pytest.raises(Exception, match=r"sequence 0, wants 1"):
        run_state_machine_as_test(ReleaseMachine, settings=QUICK)


def test_a_receipt_that_is_not_kept_is_found(monkeypatch):
    monkeypatch.setattr(MemoryStore, "append_receipt", lambda self, *given, **named: None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(ReleaseMachine, settings=QUICK)


def test_a_share_sealed_to_another_key_is_found(monkeypatch):
    def decide(raw, view, kept, now_us):
        bent = _bend_grant(view, lambda facts: replace(facts, grantee_key=Hash32(b"\x09" * 32)))
        return release.decide(raw, bent, kept, now_us)

    monkeypatch.setattr(custody, "decide", decide)
    with pytest.raises(Exception, match="does not open"):
        run_state_machine_as_test(ReleaseMachine, settings=QUICK)
