"""A custodian's decision on a request: ten rules in order, and a refusal for everything else.

Pure: what is read stands behind two ports, and the answer is data.  All chain facts are those of
the custodian's OWN finalised block F; the local clock only detects a stall, it never opens or
extends anything (secret-sharing.md section 9, table of checks).

A request without a grant is the owner's own: it needs no deposit and is answered with the
custodian's share itself, to the owner's key of the chain.

A request in the name of an emergency instead of a grant is answered from what the patient has left
for emergencies, and only while that emergency runs in F.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from node.base.limits import (
    HEAD_LAG_BLOCKS_MAX,
    RELEASES_PER_GRANT_COUNT_MAX,
    STALL_PERIODS_COUNT_MAX,
    STALL_US_MIN,
)
from node.privacy.emergency import emergency_grant_id, end_of
from node.privacy.release_errors import ReleaseFormatError
from node.privacy.release_facts import (
    CustodyView,
    EmergencyFacts,
    GrantFacts,
    GrantView,
    RecordFacts,
    covers,
    is_open,
)
from node.privacy.release_messages import OWNER_GRANT_ID, Head, Request, Status
from node.sss.errors import ShareFormatError
from node.sss.refresh import released_point
from node.sss.shares import Container, Kind, decode_container


@dataclass(frozen=True, slots=True, repr=False)
class Released:
    """All rules hold: ``point`` is for the holder of ``grantee_key``.

    It is a share of K under a grant, and the custodian's share of k' for the record's owner.
    """

    request: Request
    head: Head
    grantee_key: bytes
    point: bytes

    def __repr__(self) -> str:
        return f"Released(index={self.request.index}, head={self.head.number})"


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule does not hold.  Without an authentic request or a head there is no receipt."""

    status: Status
    request: Request | None
    """None unless the signature stood: strangers cause no writes."""
    head: Head | None
    is_nonce_spent: bool


class _Case:
    """One authentic request before the rules; every fact is read once."""

    def __init__(
        self, request: Request, view: GrantView, custody: CustodyView, now_us: int
    ) -> None:
        self.request = request
        self.view = view
        self.custody = custody
        self.now_us = now_us

    @property
    def is_owners(self) -> bool:
        return self.request.grant_id == OWNER_GRANT_ID

    @cached_property
    def owner_key(self) -> bytes | None:
        return self.view.owner_key(self.request.grantee)

    @cached_property
    def head(self) -> Head:
        return self.view.head

    @cached_property
    def grant(self) -> GrantFacts | None:
        return self.view.grant(self.request.grant_id)

    @cached_property
    def emergency(self) -> EmergencyFacts | None:
        return self.view.emergency(self.request.grant_id)

    @cached_property
    def lending_id(self) -> bytes:
        """Under which id the deposit lies: the grant's own, or the patient's for emergencies."""
        if self.emergency is None:
            return self.request.grant_id
        return emergency_grant_id(self.view.chain_id, self.emergency.patient_id)

    @cached_property
    def doctor_key(self) -> bytes | None:
        return self.view.doctor_key(self.request.grantee)

    @cached_property
    def record(self) -> RecordFacts | None:
        return self.view.record(self.request.deal_id)

    @cached_property
    def share(self) -> Container | None:
        raw = self.custody.share(self.request.deal_id)
        return None if raw is None else decode_container(raw)

    @cached_property
    def grant_share(self) -> Container | None:
        raw = self.custody.grant_share(self.lending_id, self.request.deal_id)
        try:
            return None if raw is None else decode_container(raw)
        except ShareFormatError:
            return None


def _is_stale(case: _Case) -> Status | None:
    """Rule 3: F advances, and the own licence is active."""
    view = case.view
    stall_us = max(STALL_US_MIN, STALL_PERIODS_COUNT_MAX * view.block_period_us)
    # a reading before the last advance is a clock anomaly, and that is a refusal too
    if not 0 <= case.now_us - view.head_advanced_us <= stall_us:
        return Status.STALE_STATE
    return None if view.is_own_licence_active() else Status.SUSPENDED


def _is_head_unknown(case: _Case) -> Status | None:
    """Rule 4: the grantee looks at F or a near ancestor of it, not at a fork."""
    number = case.request.head_number
    if not 0 <= case.head.number - number <= HEAD_LAG_BLOCKS_MAX:
        return Status.HEAD_UNKNOWN
    if case.view.block_hash(number) != case.request.head_hash:
        return Status.HEAD_UNKNOWN
    return None


def _is_not_granted(case: _Case) -> Status | None:
    """Rule 5: the grant stands at F's time, half-open."""
    grant = case.grant
    if grant is None or grant.grantee != case.request.grantee:
        return Status.UNKNOWN_GRANT
    if grant.is_revoked:
        return Status.REVOKED
    if case.head.timestamp_s < grant.valid_from_s:
        return Status.NOT_YET
    if case.head.timestamp_s >= grant.valid_until_s:
        return Status.EXPIRED
    return None


def _is_not_licensed(case: _Case) -> Status | None:
    """Rule 6: the grantee, and a doctor's hospital, are active."""
    if case.view.is_active_grantee(case.request.grantee):
        return None
    return Status.NOT_LICENSED


def _is_replay(case: _Case) -> Status | None:
    """Rule 7: the nonce is fresh under this grant."""
    if case.custody.is_nonce_seen(case.request.grant_id, case.request.nonce):
        return Status.REPLAY
    return None


def _is_out_of_scope(case: _Case) -> Status | None:
    """Rule 8: the deal is the current one of a record that the grant covers."""
    grant, record = case.grant, case.record
    if grant is None or record is None or not covers(grant, record):
        return Status.OUT_OF_SCOPE
    return None


def _is_other_epoch(case: _Case) -> Status | None:
    """Rule 9: the epoch is the own one."""
    if case.share is None or case.share.kind is not Kind.CUSTODIAN:
        return Status.STALE_STATE
    return None if case.request.epoch == case.share.epoch else Status.WRONG_EPOCH


def _is_not_deposited(case: _Case) -> Status | None:
    """Rule 9: the epoch is the own one, and the patient's deposit is here and whole."""
    refusal = _is_other_epoch(case)
    if refusal is not None:
        return refusal
    share, lent = case.share, case.grant_share
    assert share is not None
    if lent is None or lent.kind is not Kind.GRANT or lent.epoch != share.epoch:
        return Status.NO_DEPOSIT
    return None


def _is_exhausted(case: _Case) -> Status | None:
    """Rule 10: releases under one grant are few."""
    if case.custody.releases(case.request.grant_id) >= RELEASES_PER_GRANT_COUNT_MAX:
        return Status.RATE_LIMIT
    return None


def _is_not_owner(case: _Case) -> Status | None:
    """Rule 5 without a grant: the record is the requester's own."""
    record = case.record
    if record is None or record.patient != case.request.grantee:
        return Status.UNKNOWN_GRANT
    return None


def _is_closed(case: _Case) -> Status | None:
    """Rule 8 without a grant: the deal is the current one of a record that is not erased."""
    return None if case.record is not None and is_open(case.record) else Status.OUT_OF_SCOPE


def _is_keyless(case: _Case) -> Status | None:
    """Rule 10 without a grant: the chain has a key to seal to."""
    return Status.STALE_STATE if case.owner_key is None else None


def _is_no_emergency(case: _Case) -> Status | None:
    """Rule 5 in an emergency: it is the requester's own and runs at F's time, half-open."""
    emergency = case.emergency
    if emergency is None or emergency.doctor != case.request.grantee:
        return Status.UNKNOWN_GRANT
    if case.head.timestamp_s < emergency.at_s:
        return Status.NOT_YET
    return Status.EXPIRED if case.head.timestamp_s >= end_of(emergency) else None


def _is_of_another(case: _Case) -> Status | None:
    """Rule 8 in an emergency: the deal is the current one of a record of that patient."""
    emergency, record = case.emergency, case.record
    if emergency is None or record is None or not is_open(record):
        return Status.OUT_OF_SCOPE
    return None if record.patient_id == emergency.patient_id else Status.OUT_OF_SCOPE


def _is_doctor_keyless(case: _Case) -> Status | None:
    """Rule 10 in an emergency: the chain has a key of the doctor to seal to."""
    return Status.STALE_STATE if case.doctor_key is None else None


_NONCE_RULE: Final = _is_replay
RULES: Final[tuple[Callable[[_Case], Status | None], ...]] = (
    _is_stale,
    _is_head_unknown,
    _is_not_granted,
    _is_not_licensed,
    _is_replay,
    _is_out_of_scope,
    _is_not_deposited,
    _is_exhausted,
)
"""Rules 3 .. 10 of the table, in its order; 1 and 2 come first, in ``_parse`` and ``decide``."""
OWNER_RULES: Final[tuple[Callable[[_Case], Status | None], ...]] = (
    _is_stale,
    _is_head_unknown,
    _is_not_owner,
    _is_replay,
    _is_closed,
    _is_other_epoch,
    _is_keyless,
)
"""The same without a grant: no licence, no deposit, and no end to how often owners may read."""
EMERGENCY_RULES: Final[tuple[Callable[[_Case], Status | None], ...]] = (
    _is_stale,
    _is_head_unknown,
    _is_no_emergency,
    _is_not_licensed,
    _is_replay,
    _is_of_another,
    _is_not_deposited,
    _is_exhausted,
    _is_doctor_keyless,
)
"""The same in an emergency: it takes the place of the grant, everything else is asked as ever."""


def decide(
    request_bytes: bytes, view: GrantView, custody: CustodyView, now_monotonic_us: int
) -> Released | Refused:
    """Decide on a request.  Anything that goes wrong on the way is a refusal.

    ``now_monotonic_us``  the clock that ``view.head_advanced_us`` is read from.
    """
    case: _Case | None = None
    head: Head | None = None
    status = Status.STALE_STATE
    is_nonce_spent = False
    try:
        request = _parse(request_bytes, view, custody)
        if request is None or not view.is_registered_grantee(request.grantee):
            return Refused(Status.BAD_REQUEST, None, None, is_nonce_spent=False)
        case = _Case(request, view, custody, now_monotonic_us)
        head = case.head
        if not custody.has_token(request.grantee, now_monotonic_us):
            return Refused(Status.RATE_LIMIT, request, head, is_nonce_spent=False)
        for rule in _rules_of(case):
            refusal = rule(case)
            if refusal is not None:
                status = refusal
                break
            is_nonce_spent = is_nonce_spent or rule is _NONCE_RULE
        else:
            return _release(case)
    except Exception:  # noqa: BLE001 - fail closed: whatever cannot be read refuses
        status = Status.STALE_STATE
    request_seen = None if case is None else case.request
    return Refused(status, request_seen, head, is_nonce_spent)


def _rules_of(case: _Case) -> tuple[Callable[[_Case], Status | None], ...]:
    """Give the rules that a request is decided by, for what it names instead of its word."""
    if case.is_owners:
        return OWNER_RULES
    return RULES if case.emergency is None else EMERGENCY_RULES


def _parse(raw: bytes, view: GrantView, custody: CustodyView) -> Request | None:
    """Rules 1 and 2 up to the signature: None is a bad request."""
    try:
        request = Request.decode(raw)
    except ReleaseFormatError:
        return None
    if request.chain_id != view.chain_id:
        return None
    if custody.index_of(request.deal_id) not in (None, request.index):
        return None
    return request if request.is_signed_by_grantee() else None


def _release(case: _Case) -> Released:
    """Make what leaves; the rules have seen that all of it is here."""
    assert case.share is not None
    if case.is_owners:
        assert case.owner_key is not None
        return Released(case.request, case.head, case.owner_key, case.share.payload)
    assert case.grant_share is not None
    point = released_point(case.share, case.grant_share)
    if case.emergency is not None:
        assert case.doctor_key is not None
        return Released(case.request, case.head, case.doctor_key, point)
    assert case.grant is not None
    return Released(case.request, case.head, case.grant.grantee_key, point)
