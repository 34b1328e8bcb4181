from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from node.base.rng import TreeEntropy
from node.privacy.custody_store import MemoryStore
from node.privacy.grantee import Grantee, find_released_key, open_released
from node.privacy.release import decide
from node.privacy.release_answer import answer
from node.privacy.release_errors import GrantNotActiveError
from node.privacy.release_messages import Answer, Status, check_chain, release_info
from node.privacy.sealing import seal
from node.sss.errors import (
    FragmentMismatchError,
    ShareMissingError,
    SimulatedSecretError,
    WrongKeyError,
)
from node.sss.terms import Profile
from tests.privacy.ward import (
    DOCTOR,
    DOCTOR_SEALING,
    FROM_S,
    HOSPITALS,
    NOW_US,
    RECORD,
    STRANGER,
    UNTIL_S,
    Ward,
    hash_of,
)


def _read(ward: Ward, requests, answers):
    collected = ward.doctor.collect(ward.manifest, requests, answers)
    return open_released(ward.manifest, collected, ward.deal.fragments, profile=Profile.SIMULATION)


@pytest.mark.parametrize("indices", [(1, 2), (2, 4), (1, 2, 3, 4)])
def test_a_grantee_reads_the_record_from_two_custodians(indices):
    ward = Ward()
    assert _read(ward, *ward.ask(indices)).record == RECORD


def test_one_custodian_is_not_enough():
    ward = Ward()
    with pytest.raises(ShareMissingError) as caught:
        _read(ward, *ward.ask((3,)))
    assert (caught.value.have, caught.value.need, caught.value.present) == (1, 2, (3,))


def test_after_the_end_the_grantee_reads_why():
    ward = Ward()
    ward.view = ward.view.at(time_s=UNTIL_S)
    with pytest.raises(GrantNotActiveError) as caught:
        _read(ward, *ward.ask())
    assert caught.value.status == "EXPIRED"
    assert caught.value.refusals == tuple((x, "EXPIRED") for x in range(1, 5))


def test_two_releases_are_enough_whatever_the_others_refuse():
    ward = Ward()
    for x in (1, 2):
        ward.custodians[x].store.delete_grant_share(ward.grant_id, ward.deal_id)
    requests, answers = ward.ask()
    collected = ward.doctor.collect(ward.manifest, requests, answers)
    assert collected.refusals == {1: Status.NO_DEPOSIT, 2: Status.NO_DEPOSIT}
    assert sorted(collected.points) == [3, 4]
    assert _read(ward, requests, answers).record == RECORD


def _lie(ward: Ward, request) -> bytes:
    """A custodian signs and seals a share of its own invention."""
    got = Answer.decode(
        ward.custodians[request.index].handle(request.encode(), ward.view, NOW_US).encode()
    )
    info = release_info(request.request_id(), request.index)
    sealed = seal(ward.doctor.sealing_public, info, b"\xee" * 32, TreeEntropy(request.index))
    forged = replace(got.receipt, sealed_hash=sha256(sealed).digest())
    return Answer(forged.signed(HOSPITALS[request.index - 1]), sealed).encode()


@pytest.mark.parametrize("liar", [1, 2, 3, 4])
def test_a_lying_custodian_is_named_and_the_record_opens(liar):
    ward = Ward()
    requests, answers = ward.ask([x for x in (1, 2, 3, 4) if x != liar])
    request = ward.request(liar)
    answers[liar] = _lie(ward, request)
    opened = _read(ward, [*requests, request], answers)
    assert (opened.record, opened.liars) == (RECORD, (liar,))


def test_a_liar_among_two_hides_the_key():
    ward = Ward()
    requests, answers = ward.ask((1,))
    request = ward.request(2)
    answers[2] = _lie(ward, request)
    with pytest.raises(WrongKeyError):
        _read(ward, [*requests, request], answers)


def _faults(ward: Ward, request, raw: bytes):
    return ward.doctor.collect(ward.manifest, [request], {request.index: raw}).faults


def test_an_answer_of_another_custodian_does_not_stand():
    ward = Ward()
    request = ward.request(1)
    got = ward.custodians[1].handle(request.encode(), ward.view, NOW_US)
    forged = Answer(got.receipt.signed(HOSPITALS[1]), got.sealed)
    assert "not signed by the custodian" in _faults(ward, request, forged.encode())[1]


def test_an_answer_to_another_request_does_not_stand():
    ward = Ward()
    got = ward.custodians[1].handle(ward.request(1).encode(), ward.view, NOW_US)
    assert "another request" in _faults(ward, ward.request(1), got.encode())[1]


@pytest.mark.parametrize(
    "changes",
    [{"index": 2}, {"grant_id": bytes(32)}, {"deal_id": bytes(32)}, {"epoch": 9}],
)
def test_a_receipt_with_another_field_does_not_stand(changes):
    ward = Ward()
    request = ward.request(1)
    got = ward.custodians[1].handle(request.encode(), ward.view, NOW_US)
    forged = Answer(replace(got.receipt, **changes).signed(HOSPITALS[0]), got.sealed)
    assert "another request" in _faults(ward, request, forged.encode())[1]


def test_an_answer_for_an_index_beyond_the_manifest_does_not_stand():
    ward = Ward()
    request = ward.request(9)
    got = ward.custodians[1].handle(ward.request(1).encode(), ward.view, NOW_US)
    made = replace(got.receipt, index=9, request_id=request.request_id()).signed(HOSPITALS[0])
    assert "no such index" in _faults(ward, request, Answer(made, got.sealed).encode())[9]


def test_a_malformed_answer_is_a_fault_and_not_an_end():
    ward = Ward()
    requests, answers = ward.ask()
    answers[1] = b"noise"
    collected = ward.doctor.collect(ward.manifest, requests, answers)
    assert list(collected.faults) == [1]
    assert _read(ward, requests, answers).record == RECORD


def test_an_answer_sealed_to_another_key_is_a_fault():
    ward = Ward()
    requests, answers = ward.ask((1, 2))
    other = Grantee(signer=DOCTOR, sealing_private=b"\x09" * 32)
    collected = other.collect(ward.manifest, requests, answers)
    assert list(collected.faults) == [1, 2]
    with pytest.raises(ShareMissingError):
        find_released_key(ward.manifest, collected)


def test_a_stolen_signer_without_the_sealing_key_learns_nothing():
    ward = Ward()
    thief = Grantee(signer=DOCTOR, sealing_private=b"\x0b" * 32)
    assert thief.sealing_public != ward.doctor.sealing_public
    requests, answers = ward.ask()
    assert thief.collect(ward.manifest, requests, answers).points == {}


def test_silence_is_neither_refusal_nor_fault():
    ward = Ward()
    collected = ward.doctor.collect(ward.manifest, [ward.request(1)], {})
    assert (collected.points, collected.refusals, collected.faults) == ({}, {}, {})


def test_a_fragment_that_the_manifest_does_not_list_is_refused():
    ward = Ward()
    collected = ward.doctor.collect(ward.manifest, *ward.ask())
    listed = replace(
        ward.manifest,
        fragments=(
            replace(ward.manifest.fragments[0], digest=bytes(32)),
            *ward.manifest.fragments[1:],
        ),
    )
    with pytest.raises(FragmentMismatchError):
        open_released(listed, collected, ward.deal.fragments, profile=Profile.SIMULATION)


def test_a_simulated_deal_stays_closed_in_production():
    ward = Ward()
    collected = ward.doctor.collect(ward.manifest, *ward.ask())
    with pytest.raises(SimulatedSecretError):
        open_released(ward.manifest, collected, ward.deal.fragments, profile=Profile.PRODUCTION)


def test_requests_carry_fresh_nonces_and_the_grantees_signature():
    ward = Ward()
    requests = ward.doctor.requests(
        ward.manifest,
        grant_id=ward.grant_id,
        head=ward.view.head,
        indices=(1, 2, 3),
        entropy=TreeEntropy(2),
    )
    assert len({request.nonce for request in requests}) == 3
    assert all(request.is_signed_by_grantee() for request in requests)
    assert [request.index for request in requests] == [1, 2, 3]


def test_repr_shows_no_shares():
    ward = Ward()
    collected = ward.doctor.collect(ward.manifest, *ward.ask())
    for point in collected.points.values():
        assert point.hex() not in repr(collected)
        assert repr(point) not in repr(collected)
    assert DOCTOR_SEALING.hex() not in repr(ward.doctor)


class ReleaseMachine(RuleBasedStateMachine):
    """Requests at any block time, revocation, stalls: nothing leaves outside the interval."""

    def __init__(self) -> None:
        super().__init__()
        self.ward = Ward()
        self.now_us = NOW_US
        self.sent = []
        self.is_revoked = False

    @rule(time_s=st.sampled_from([FROM_S - 1, FROM_S, 1_500, UNTIL_S - 1, UNTIL_S, UNTIL_S + 1]))
    def advance(self, time_s):
        head = self.ward.view.head
        time_s = max(time_s, head.timestamp_s) if self.sent else time_s
        self.now_us += 5_000_000
        self.ward.view = self.ward.view.at(number=head.number + 1, time_s=time_s)
        self.ward.view.head_advanced_us = self.now_us
        self.ward.custodians[1].follow(self.ward.view)

    @rule()
    def revoke(self):
        self.is_revoked = True
        self.ward.view.change_grant(self.ward.grant_id, is_revoked=True)

    @rule(wait_us=st.integers(0, 40_000_000))
    def wait(self, wait_us):
        self.now_us += wait_us

    @rule(lag=st.integers(-1, 70), is_signed=st.booleans())
    def ask(self, lag, is_signed):
        number = max(self.ward.view.head.number - lag, 0)
        request = self.ward.request(
            head_number=number,
            head_hash=hash_of(number),
            signer=DOCTOR if is_signed else STRANGER,
        )
        self._send(request)

    @rule(data=st.data())
    def replay(self, data):
        if self.sent:
            request, was_released = data.draw(st.sampled_from(self.sent))
            status = self._send(request)
            assert not (was_released and status is Status.RELEASED)

    def _send(self, request):
        ward = self.ward
        got = ward.custodians[1].handle(request.encode(), ward.view, self.now_us)
        status = None if got is None else got.receipt.status
        self.sent.append((request, status is Status.RELEASED))
        if status is Status.RELEASED:
            assert FROM_S <= ward.view.head.timestamp_s < UNTIL_S
            assert not self.is_revoked
            assert self.now_us - ward.view.head_advanced_us <= 20_000_000
            assert request.is_signed_by_grantee()
        return status

    @invariant()
    def receipts_are_one_chain(self):
        check_chain(self.ward.custodians[1].store.receipts(), HOSPITALS[0].address)


ReleaseMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestRelease = ReleaseMachine.TestCase


def test_a_crash_between_receipt_and_answer_leaves_the_receipt():
    ward, store = Ward(), MemoryStore()
    outcome = decide(ward.request().encode(), ward.view, ward.custodians[1], NOW_US)
    effects = answer(outcome, last=None, signer=HOSPITALS[0], entropy=TreeEntropy(1))
    done = effects[0]
    store.append_receipt(done.receipt, done.request, is_nonce_spent=done.is_nonce_spent)
    assert store.receipts()[0].status is Status.RELEASED
