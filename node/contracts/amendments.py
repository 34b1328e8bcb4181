"""Corrections of records (``Amendments.sol``, 45 CFR 164.526): amendments and petitions for them.

The author of an entry amends it, of himself or because the patient petitions.  He answers in 60
days, or in 90 if he says why; a refusal and the patient's disagreement are entries of the record.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final

from node.contracts.abi import EventSpec, Function, LedgerEvent, View
from node.contracts.cids import Content
from node.contracts.pmr_entries import CONTENT, PmrEntries


class PetitionState(IntEnum):
    """What became of a petition; the numbers are those of the contract."""

    NONE = 0
    OPEN = 1
    ACCEPTED = 2
    DENIED = 3
    DISPUTED = 4
    """Denied, and the patient has disagreed."""


@dataclass(frozen=True, slots=True)
class Petition:
    """A patient's petition for the correction of one entry."""

    due_s: int
    """Block time by which the author answers; 0: nobody petitioned."""
    state: PetitionState
    is_extended: bool


@dataclass(frozen=True, slots=True)
class PetitionFiled(LedgerEvent):
    """A patient asks the author of entry ``index`` for a correction."""

    SPEC: ClassVar = EventSpec(
        "PetitionFiled(uint256 indexed pmrId,uint256 indexed index,uint64 indexed doctorId,"
        "bytes32 commitment,uint64 due)"
    )
    pmr_id: int
    index: int
    doctor_id: int
    commitment: bytes
    """Of the text that the author gets."""
    due: int


@dataclass(frozen=True, slots=True)
class PetitionExtended(LedgerEvent):
    """The author takes 30 days more; ``reason`` is the commitment of a text."""

    SPEC: ClassVar = EventSpec(
        "PetitionExtended(uint256 indexed pmrId,uint256 indexed index,bytes32 reason,uint64 due)"
    )
    pmr_id: int
    index: int
    reason: bytes
    due: int


@dataclass(frozen=True, slots=True)
class PetitionDenied(LedgerEvent):
    """The author refuses; entry ``by`` says why."""

    SPEC: ClassVar = EventSpec(
        "PetitionDenied(uint256 indexed pmrId,uint256 indexed index,uint256 by)"
    )
    pmr_id: int
    index: int
    by: int


@dataclass(frozen=True, slots=True)
class PetitionDisputed(LedgerEvent):
    """The patient disagrees; entry ``by`` says how."""

    SPEC: ClassVar = EventSpec(
        "PetitionDisputed(uint256 indexed pmrId,uint256 indexed index,uint256 by)"
    )
    pmr_id: int
    index: int
    by: int


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (
    PetitionFiled,
    PetitionExtended,
    PetitionDenied,
    PetitionDisputed,
)

_AMEND = Function(f"amend(uint256,uint256,uint64,{CONTENT})")
_PETITION = Function("petition(uint256,uint256,bytes32)")
_EXTEND = Function("extendPetition(uint256,uint256,uint64,bytes32)")
_DENY = Function(f"denyPetition(uint256,uint256,uint64,{CONTENT})")
_DISPUTE = Function(f"dispute(uint256,uint256,{CONTENT})")
_PETITION_OF = Function("petitionOf(uint256,uint256)", ("(uint64,uint8,bool)",))
FUNCTIONS: Final = (_AMEND, _PETITION, _EXTEND, _DENY, _DISPUTE, _PETITION_OF)


def _petition(values: tuple[int, int, bool]) -> Petition:
    due_s, state, is_extended = values
    return Petition(due_s, PetitionState(state), is_extended)


@dataclass(frozen=True, slots=True)
class Amendments(PmrEntries):
    """Calls of the contract at ``address`` that are about corrections."""

    def amend(self, pmr_id: int, index: int, *, hospital_id: int, content: Content) -> bytes:
        """Write an amendment of one's own entry ``index``, which stays and is marked.

        raises        CidFormError: a CID that the ledger does not take.
        """
        return _AMEND.encode(pmr_id, index, hospital_id, content.as_abi())

    def petition(self, pmr_id: int, index: int, commitment: bytes) -> bytes:
        """Ask the author of an entry for a correction, as its patient."""
        return _PETITION.encode(pmr_id, index, commitment)

    def extend_petition(self, pmr_id: int, index: int, *, hospital_id: int, reason: bytes) -> bytes:
        """Take 30 days more for an answer, as the author; ``reason`` is a commitment."""
        return _EXTEND.encode(pmr_id, index, hospital_id, reason)

    def deny_petition(
        self, pmr_id: int, index: int, *, hospital_id: int, content: Content
    ) -> bytes:
        """Refuse a petition with a reason, as the author.

        raises        CidFormError: a CID that the ledger does not take.
        """
        return _DENY.encode(pmr_id, index, hospital_id, content.as_abi())

    def dispute(self, pmr_id: int, index: int, content: Content) -> bytes:
        """Disagree with a refusal, as the patient.

        raises        CidFormError: a CID that the ledger does not take.
        """
        return _DISPUTE.encode(pmr_id, index, content.as_abi())

    def petition_of(self, pmr_id: int, index: int) -> View[Petition]:
        """What became of the petition about an entry."""
        return _PETITION_OF.view(self.address, _petition, pmr_id, index)
