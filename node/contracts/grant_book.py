"""Grants and access lists in both directions, rebuilt from the events of ``ConsentRegistry``.

Feed it every event of the contract, in chain order, up to the block whose state counts; a
custodian feeds it finalised blocks only (secret-sharing.md section 9).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from node.base.types import Address, Hash32
from node.contracts.abi import LedgerEvent
from node.contracts.consent_registry import SCOPE_LATER, AccessRequested, Denied, Granted, Revoked
from node.contracts.errors import AbiDataError
from node.contracts.grant_tag import tag_of
from node.contracts.patient_registry import Recovered

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Grant:
    """A Consent that stood on the ledger."""

    grant_id: Hash32
    patient: Address
    grantee: Address
    pmr_id: int
    """0 = all records of the patient."""
    purpose: bytes
    scope: int
    grantee_key: bytes
    valid_from_s: int
    valid_until_s: int
    nonce: int
    is_revoked: bool = False

    def is_open_at(self, at_s: int) -> bool:
        """Whether the window (half-open) holds at a block time and nobody revoked it."""
        return not self.is_revoked and self.valid_from_s <= at_s < self.valid_until_s

    @property
    def covers_later(self) -> bool:
        """Whether records made after the grant are meant too."""
        return bool(self.scope & SCOPE_LATER)


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A request that a patient has neither denied nor been shown to answer."""

    request_id: Hash32
    patient: Address
    grantee: Address
    pmr_id: int
    purpose: bytes
    scope: int
    grantee_key: bytes
    valid_from_s: int
    valid_until_s: int
    is_denied: bool = False


class GrantBook:
    """All grants and requests up to a block; grows by ``apply``."""

    def __init__(self, events: Iterable[LedgerEvent] = ()) -> None:
        self._grants: dict[Hash32, Grant] = {}
        self._requests: dict[Hash32, AccessRequest] = {}
        self._tags: dict[bytes, Hash32] = {}
        for event in events:
            self.apply(event)

    def apply(self, event: LedgerEvent) -> None:
        """Take the next event; events of other contracts change nothing.

        raises        AbiDataError: an answer came without its grant or request.
        """
        match event:
            case Granted():
                self._grants[event.grant_id] = _grant(event)
                self._tags[tag_of(event.grant_id)] = event.grant_id
            case Revoked():
                # the contract keeps the upper half of an id, its event repeats what was sent
                known = self._tags.get(tag_of(event.grant_id), event.grant_id)
                self._grants[known] = replace(_known(self._grants, known), is_revoked=True)
            case Recovered():
                self._recover(event.old_account, event.new_account)
            case AccessRequested():
                self._requests[event.request_id] = _request(event)
            case Denied():
                asked = _known(self._requests, event.request_id)
                self._requests[event.request_id] = replace(asked, is_denied=True)
            case _:
                pass

    def grant(self, grant_id: Hash32) -> Grant | None:
        """One grant, or None if it never stood."""
        return self._grants.get(grant_id)

    def request(self, request_id: Hash32) -> AccessRequest | None:
        """One request, or None if nobody made it."""
        return self._requests.get(request_id)

    def all(self) -> tuple[Grant, ...]:
        """All grants, oldest first."""
        return tuple(self._grants.values())

    def given_by(self, patient: Address) -> tuple[Grant, ...]:
        """A patient's grants, oldest first: who may see, or could once."""
        return tuple(each for each in self._grants.values() if each.patient == patient)

    def held_by(self, grantee: Address) -> tuple[Grant, ...]:
        """A doctor's or hospital's grants, oldest first: whose records they may see, or could."""
        return tuple(each for each in self._grants.values() if each.grantee == grantee)

    def requests_to(self, patient: Address) -> tuple[AccessRequest, ...]:
        """What a patient was asked, oldest first."""
        return tuple(each for each in self._requests.values() if each.patient == patient)

    def _recover(self, old: Address, new: Address) -> None:
        """Let what the lost account granted be the new one's, to revoke as well."""
        for grant_id, grant in self._grants.items():
            if grant.patient == old:
                self._grants[grant_id] = replace(grant, patient=new)


def _known(table: dict[Hash32, T], key: Hash32) -> T:
    if key not in table:
        raise AbiDataError("events", f"0x{key.hex()} is answered before it was made")
    return table[key]


def _grant(event: Granted) -> Grant:
    return Grant(
        event.grant_id,
        event.patient,
        event.grantee,
        event.pmr_id,
        event.purpose,
        int.from_bytes(event.scope),
        event.grantee_key,
        event.valid_from,
        event.valid_until,
        event.nonce,
    )


def _request(event: AccessRequested) -> AccessRequest:
    return AccessRequest(
        event.request_id,
        event.patient,
        event.grantee,
        event.pmr_id,
        event.purpose,
        int.from_bytes(event.scope),
        event.grantee_key,
        event.valid_from,
        event.valid_until,
    )
