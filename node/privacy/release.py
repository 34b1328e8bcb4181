"""A custodian's decision on a request: ten rules in order, and a refusal for everything else.

Pure: what is read stands behind two ports, and the answer is data.  All chain facts are those of
the custodian's OWN finalised block F; the local clock only detects a stall, it never opens or
extends anything (secret-sharing.md section 9, table of checks).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from node.base.limits import (
    HEAD_LAG_BLOCKS_MAX,
    RELEASES_PER_GRANT_COUNT_MAX,
    STALL_PERIODS_COUNT_MAX,
    STALL_US_MIN,
)
from node.base.types import Address, Hash32
from node.privacy.consent import ALL_SECTIONS, LATER_BIT
from node.privacy.release_errors import ReleaseFormatError
from node.privacy.release_messages import Head, Request, Status
from node.sss.errors import ShareFormatError
from node.sss.refresh import released_point
from node.sss.shares import Container, Kind, decode_container


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFacts:
    """A grant as ConsentRegistry has it in F."""

    patient: Address
    grantee: Address
    grantee_key: bytes
    pmr_id: int
    """0: all records of the patient."""
    scope: int
    valid_from_s: int
    valid_until_s: int
    granted_s: int
    """Block time at which the grant was made: what "later" is measured from."""
    is_revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """The record of a deal as the registries have it in F."""

    patient: Address
    pmr_id: int
    sections: int
    """Bits 0 .. 6: what the deal contains; a lab image is ``lab_reports``."""
    filed_s: int
    """Block time at which the record was filed."""
    is_current: bool
    """Whether the deal is the record's current generation."""


class GrantView(Protocol):
    """What a custodian reads from the chain, all at its finalised block F."""

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        ...

    @property
    def head(self) -> Head:
        """F."""
        ...

    @property
    def head_advanced_us(self) -> int:
        """Monotonic reading at which F last advanced."""
        ...

    @property
    def block_period_us(self) -> int:
        """The longest time between two blocks when all is well."""
        ...

    def block_hash(self, number: int) -> Hash32 | None:
        """Give the hash of F or of its ancestor with this number; None above F or unknown."""
        ...

    def is_own_licence_active(self) -> bool:
        """Say whether the custodian's own hospital is active."""
        ...

    def is_registered_grantee(self, account: Address) -> bool:
        """Say whether an account is known as doctor, hospital, insurer or researcher."""
        ...

    def is_active_grantee(self, account: Address) -> bool:
        """Say whether a grantee is active, and for a doctor also the hospital."""
        ...

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        """Give a grant, None if there is none."""
        ...

    def record(self, deal_id: bytes) -> RecordFacts | None:
        """Give the record that a deal is of, None if no record names the deal."""
        ...


class CustodyView(Protocol):
    """What a custodian reads from its own custody."""

    def index_of(self, deal_id: bytes) -> int | None:
        """Give the own index in a deal, None if nothing of it is held."""
        ...

    def has_token(self, grantee: Address, now_us: int) -> bool:
        """Say whether a grantee may ask now: a bucket for each."""
        ...

    def is_nonce_seen(self, grant_id: bytes, nonce: bytes) -> bool:
        """Say whether a nonce has been used under a grant."""
        ...

    def share(self, deal_id: bytes) -> bytes | None:
        """Give the own container of kind 1."""
        ...

    def grant_share(self, grant_id: bytes, deal_id: bytes) -> bytes | None:
        """Give the deposited container of kind 3."""
        ...

    def releases(self, grant_id: bytes) -> int:
        """Give the number of shares released under a grant so far."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Released:
    """All rules hold: ``point`` is a share of K for the holder of ``grantee_key``."""

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

    @cached_property
    def head(self) -> Head:
        return self.view.head

    @cached_property
    def grant(self) -> GrantFacts | None:
        return self.view.grant(self.request.grant_id)

    @cached_property
    def share(self) -> Container | None:
        raw = self.custody.share(self.request.deal_id)
        return None if raw is None else decode_container(raw)

    @cached_property
    def grant_share(self) -> Container | None:
        raw = self.custody.grant_share(self.request.grant_id, self.request.deal_id)
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
    grant, record = case.grant, case.view.record(case.request.deal_id)
    if grant is None or record is None or not covers(grant, record):
        return Status.OUT_OF_SCOPE
    return None


def covers(grant: GrantFacts, record: RecordFacts) -> bool:
    """Say whether a grant is about a record (rule 8), whether or not it stands."""
    if not record.is_current or record.patient != grant.patient:
        return False
    if grant.pmr_id not in (0, record.pmr_id):
        return False
    if not grant.scope & record.sections & ALL_SECTIONS:
        return False
    return record.filed_s <= grant.granted_s or bool(grant.scope & LATER_BIT)


def _is_not_deposited(case: _Case) -> Status | None:
    """Rule 9: the epoch is the own one, and the patient's deposit is here and whole."""
    share, lent = case.share, case.grant_share
    if share is None:
        return Status.STALE_STATE
    if case.request.epoch != share.epoch:
        return Status.WRONG_EPOCH
    if lent is None or lent.kind is not Kind.GRANT or lent.epoch != share.epoch:
        return Status.NO_DEPOSIT
    return None


def _is_exhausted(case: _Case) -> Status | None:
    """Rule 10: releases under one grant are few."""
    if case.custody.releases(case.request.grant_id) >= RELEASES_PER_GRANT_COUNT_MAX:
        return Status.RATE_LIMIT
    return None


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
"""Rules 3 .. 10 of the table, in its order; 1 and 2 come first, in ``_authenticate``."""


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
        for rule in RULES:
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
    """Make the share of K; the rules have seen that all of it is here."""
    assert case.grant is not None
    assert case.share is not None
    assert case.grant_share is not None
    point = released_point(case.share, case.grant_share)
    return Released(case.request, case.head, case.grant.grantee_key, point)
