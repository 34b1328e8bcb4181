"""Binding of ``InsuranceRegistry``: insurers, policies and claims (records.md section 3).

A policy is offered by the insurer and bound by the patient.  A claim names entries of one record,
becomes an entry of that record itself, and is decided once by the insurer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from node.base.types import Address, Hash32
from node.contracts.abi import View
from node.contracts.bindings import insurance_registry as bound
from node.contracts.cids import Content
from node.contracts.errors import CallArgumentError
from node.contracts.lab_registry import code_word
from node.contracts.parties import Parties
from node.contracts.pmr_token import EntryKind

CONSTRUCTOR = bound.CONSTRUCTOR
FUNCTIONS = bound.FUNCTIONS
EVENTS = bound.EVENTS
constructor = bound.constructor

CLAIM_ENTRIES_COUNT_MAX: Final = 8
"""Entries that one claim names."""
ENTRY_INDEX_MAX: Final = 255
"""The last entry of a record that can be claimed: a bit of a word stands for each."""
CURRENCY_CHARS: Final = 3
REASON_BYTES_MAX: Final = 32
COVERABLE: Final = (
    EntryKind.CONSULTATION,
    EntryKind.SECOND_OPINION,
    EntryKind.AMENDMENT,
    EntryKind.LAB,
    EntryKind.IOMT,
)
"""Kinds of entries that a policy can cover: no claim is made for a claim."""


class PolicyStatus(IntEnum):
    """Where a policy stands; the numbers are those of the contract."""

    UNKNOWN = 0
    OFFERED = 1
    BOUND = 2
    WITHDRAWN = 3


class ClaimStatus(IntEnum):
    """Where a claim stands; the numbers are those of the contract."""

    UNKNOWN = 0
    FILED = 1
    DECIDED = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy; its number is nowhere on the ledger, only a salted commitment in an event."""

    policy_id: int
    insurer: Address
    patient_id: int
    status: PolicyStatus
    kinds: tuple[EntryKind, ...]
    """What entries it covers."""
    valid_from_s: int
    valid_until_s: int
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim; amounts are in the smallest unit of the policy's currency."""

    claim_id: int
    policy_id: int
    amount: int
    approved: int
    status: ClaimStatus


@dataclass(frozen=True, slots=True)
class InsuranceRegistry(Parties):
    """Calls of the contract at ``address``."""

    def offer_policy(
        self,
        patient_id: int,
        *,
        commitment: Hash32,
        kinds: Iterable[EntryKind],
        currency: str,
        valid_from_s: int,
        valid_until_s: int,
    ) -> bytes:
        """Offer a policy, as an insurer; ``commitment`` is to its number, salted.

        raises        CallArgumentError: ``currency`` is no code of three capital letters.
        """
        bits = kind_bits(kinds)
        code = currency_word(currency)
        return bound.offer_policy(patient_id, commitment, bits, code, valid_from_s, valid_until_s)

    def bind_policy(self, policy_id: int) -> bytes:
        """Take an offer, as its patient."""
        return bound.bind_policy(policy_id)

    def withdraw_policy(self, policy_id: int) -> bytes:
        """Take an offer back that nobody has taken, as its insurer."""
        return bound.withdraw_policy(policy_id)

    def file_claim(
        self,
        policy_id: int,
        *,
        pmr_id: int,
        entries: Sequence[int],
        amount: int,
        content: Content,
    ) -> bytes:
        """Claim for entries of a record, as the patient or the hospital that wrote them all.

        raises        CidFormError: a CID that the ledger does not take.
                      CallArgumentError: an index above ``ENTRY_INDEX_MAX``, a negative amount.
        """
        return bound.file_claim(policy_id, pmr_id, tuple(entries), amount, content.as_abi())

    def decide_claim(self, claim_id: int, *, approved: int, reason: str = "") -> bytes:
        """Decide a claim, as its insurer; a reason code is wanted below the claimed amount.

        raises        CallArgumentError: a reason over 32 ASCII characters.
        """
        word = code_word(reason, REASON_BYTES_MAX, "reason") if reason else bytes(REASON_BYTES_MAX)
        return bound.decide_claim(claim_id, approved, word)

    def policy(self, policy_id: int) -> View[Policy]:
        """One policy; status UNKNOWN for an id that was never given."""

        def read(values: tuple[Address, int, int, int, int, int]) -> Policy:
            insurer, patient_id, status, kinds, valid_from_s, valid_until_s = values
            covered = tuple(kind for kind in COVERABLE if kinds >> kind & 1)
            standing = PolicyStatus(status)
            return Policy(
                policy_id, insurer, patient_id, standing, covered, valid_from_s, valid_until_s
            )

        asked = bound.policy(self.address, policy_id)
        return View(asked.to, asked.data, lambda data: read(asked.decode(data)))

    def claim(self, claim_id: int) -> View[Claim]:
        """One claim; status UNKNOWN for an id that was never given."""

        def read(policy_id: int, amount: int, approved: int, status: int) -> Claim:
            return Claim(claim_id, policy_id, amount, approved, ClaimStatus(status))

        asked = bound.claim(self.address, claim_id)
        return View(asked.to, asked.data, lambda data: read(*asked.decode(data)))

    def claimed_entries(self, policy_id: int, pmr_id: int) -> View[tuple[int, ...]]:
        """The entries of a record that were claimed under a policy, whatever was decided."""
        asked = bound.claimed_entries(self.address, policy_id, pmr_id)
        return View(asked.to, asked.data, lambda data: entry_indices(asked.decode(data)))

    def policy_count(self) -> View[int]:
        """The newest policy id, 0 before the first."""
        return bound.policy_count(self.address)

    def claim_count(self) -> View[int]:
        """The newest claim id, 0 before the first."""
        return bound.claim_count(self.address)


def kind_bits(kinds: Iterable[EntryKind]) -> int:
    """Give the bit field of kinds: bit k for kind k."""
    return sum(1 << kind for kind in sorted(set(kinds)))


def entry_indices(bits: int) -> tuple[int, ...]:
    """Give the indices of the bits that are set, as in ``ClaimFiled.entries``."""
    return tuple(index for index in range(ENTRY_INDEX_MAX + 1) if bits >> index & 1)


def currency_word(currency: str) -> bytes:
    """Give the three bytes of a currency's code (ISO 4217).

    raises        CallArgumentError: it is not three capital letters.
    """
    is_code = len(currency) == CURRENCY_CHARS and currency.isascii() and currency.isalpha()
    if not is_code or not currency.isupper():
        raise CallArgumentError("currency", f"{currency!r} is no code of three capital letters")
    return currency.encode()
