"""A world for the model of release: what is true, and in forty lines what a custodian must say.

``World`` is the only place where facts change; the view that the custodian reads is made from it.
The model knows none of the code's parts: no containers, no views, no stores.
"""

from collections import Counter
from dataclasses import dataclass, field

from node.base.types import Address, Hash32
from node.privacy.release_facts import EmergencyFacts, GrantFacts
from node.privacy.release_messages import OWNER_GRANT_ID, Head, Status
from tests.privacy.ward import (
    DOCTOR,
    GRANTED_S,
    NOW_US,
    PATIENT,
    PMR_ID,
    TableView,
    hash_of,
)

BURST, INTERVAL_US, RELEASES_MAX, LAG_BLOCKS, STALL_US = 6, 250_000, 2, 64, 20_000_000
"""The limits of the specification; the first and third smaller, so that runs of 40 steps meet
them."""


@dataclass
class Grant:
    grantee: Address
    from_s: int
    until_s: int
    is_revoked: bool = False


@dataclass(frozen=True)
class Asked:
    """What a request says, and who signed it."""

    signer: Address
    grantee: Address
    index: int
    grant_id: bytes
    is_own_deal: bool
    epoch: int
    head_number: int
    is_forked: bool
    nonce: bytes


@dataclass
class World:
    number: int = 100
    time_s: int = 1_500
    now_us: int = NOW_US
    advanced_us: int = NOW_US
    is_licensed: bool = True
    registered: set[Address] = field(default_factory=lambda: {DOCTOR.address, PATIENT.address})
    active: set[Address] = field(default_factory=lambda: {DOCTOR.address})
    is_current: bool = True
    grants: dict[bytes, Grant] = field(default_factory=dict)
    lent: set[bytes] = field(default_factory=set)
    emergencies: dict[bytes, Grant] = field(default_factory=dict)
    """Of one patient; nobody can revoke them."""
    is_left: bool = False
    """Whether the patient has left the deal for emergencies."""
    epoch: int = 0
    nonces: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    released: Counter[bytes] = field(default_factory=Counter)
    ready_us: dict[Address, int] = field(default_factory=dict)

    # ---- the model

    def verdict(self, asked: Asked) -> Status | None:  # noqa: PLR0911 - a table of rules
        """Say what the custodian of index 1 must answer; None is silence.  Changes nothing."""
        if asked.index != 1 or asked.signer != asked.grantee:
            return None
        if asked.grantee not in self.registered:
            return None
        if self.ready_us.get(asked.grantee, 0) - self.now_us > (BURST - 1) * INTERVAL_US:
            return Status.RATE_LIMIT
        if not 0 <= self.now_us - self.advanced_us <= STALL_US:
            return Status.STALE_STATE
        if not self.is_licensed:
            return Status.SUSPENDED
        if asked.is_forked or not 0 <= self.number - asked.head_number <= LAG_BLOCKS:
            return Status.HEAD_UNKNOWN
        is_owners = asked.grant_id == OWNER_GRANT_ID
        is_emergency = asked.grant_id in self.emergencies
        refused = self._owner(asked) if is_owners else self._granted(asked)
        if refused is not None:
            return refused
        if (asked.grant_id, asked.nonce) in self.nonces:
            return Status.REPLAY
        if not asked.is_own_deal or not self.is_current:
            return Status.OUT_OF_SCOPE
        if asked.epoch != self.epoch:
            return Status.WRONG_EPOCH
        if not is_owners and not (self.is_left if is_emergency else asked.grant_id in self.lent):
            return Status.NO_DEPOSIT
        if not is_owners and self.released[asked.grant_id] >= RELEASES_MAX:
            return Status.RATE_LIMIT
        return Status.RELEASED

    def _granted(self, asked: Asked) -> Status | None:
        grant = self.all().get(asked.grant_id)
        if grant is None or grant.grantee != asked.grantee:
            return Status.UNKNOWN_GRANT
        if grant.is_revoked:
            return Status.REVOKED
        if self.time_s < grant.from_s:
            return Status.NOT_YET
        if self.time_s >= grant.until_s:
            return Status.EXPIRED
        return None if asked.grantee in self.active else Status.NOT_LICENSED

    def all(self) -> dict[bytes, Grant]:
        """Give all that somebody may ask under."""
        return self.grants | self.emergencies

    def _owner(self, asked: Asked) -> Status | None:
        is_owner = asked.is_own_deal and asked.grantee == PATIENT.address
        return None if is_owner else Status.UNKNOWN_GRANT

    # ---- what happens to the world

    def note(self, asked: Asked, status: Status | None) -> None:
        """Remember what a request costs: a token, and its nonce once rule 7 was met."""
        if status is None:
            return
        ahead_us = self.ready_us.get(asked.grantee, 0) - self.now_us
        had_token = ahead_us <= (BURST - 1) * INTERVAL_US
        if not had_token:
            return
        self.ready_us[asked.grantee] = max(ahead_us, 0) + self.now_us + INTERVAL_US
        spent = (
            Status.OUT_OF_SCOPE,
            Status.WRONG_EPOCH,
            Status.NO_DEPOSIT,
            Status.RATE_LIMIT,
            Status.RELEASED,
        )
        if status in spent:
            self.nonces[asked.grant_id, asked.nonce] = asked.head_number
        self.released[asked.grant_id] += status is Status.RELEASED

    def settle(self) -> set[bytes]:
        """End what F has ended; give those whose deposits go, each of which is one step."""
        gone = {
            grant_id
            for grant_id in self.lent
            if self.grants[grant_id].is_revoked or self.time_s >= self.grants[grant_id].until_s
        }
        self.lent -= gone
        self.epoch += len(gone)
        floor = self.number - LAG_BLOCKS
        self.nonces = {key: head for key, head in self.nonces.items() if head >= floor}
        return gone

    def is_inside(self, grant_id: bytes) -> bool:
        """Say whether F's time lies in a grant's interval: the one thing that must never fail."""
        grant = self.all()[grant_id]
        return not grant.is_revoked and grant.from_s <= self.time_s < grant.until_s

    def view(
        self, records, facts: dict[bytes, GrantFacts], owner_key: bytes, doctor_keys=()
    ) -> TableView:
        """Give the chain as the custodian reads it; ``facts`` are the grants as they were made."""
        return TableView(
            head=Head(self.number, hash_of(self.number), self.time_s),
            head_advanced_us=self.advanced_us,
            is_licensed=self.is_licensed,
            registered=set(self.registered),
            owner_keys={PATIENT.address: owner_key},
            active=set(self.active),
            grants=facts,
            emergencies={one: emergency_facts_of(made) for one, made in self.emergencies.items()},
            doctor_keys=dict(doctor_keys),
            records=records,
        )


def facts_of(grant: Grant, key: bytes, scope: int, pmr_id: int) -> GrantFacts:
    """Give a grant as ConsentRegistry has it."""
    return GrantFacts(
        patient=PATIENT.address,
        grantee=grant.grantee,
        grantee_key=key,
        pmr_id=pmr_id,
        scope=scope,
        valid_from_s=grant.from_s,
        valid_until_s=grant.until_s,
        granted_s=GRANTED_S,
        is_revoked=grant.is_revoked,
    )


def emergency_facts_of(emergency: Grant) -> EmergencyFacts:
    """Give an emergency as ConsentRegistry has it."""
    return EmergencyFacts(
        doctor=emergency.grantee,
        patient_id=PMR_ID // 10**8,
        at_s=emergency.from_s,
        until_s=emergency.until_s,
    )


def forked(number: int) -> Hash32:
    """Give the hash of a block that never became final."""
    return Hash32(b"\xf0" + number.to_bytes(31))
