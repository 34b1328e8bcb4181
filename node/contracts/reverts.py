"""Why a contract said no: the custom errors of all contracts, by selector.

Source: records.md section 3 for the names; Solidity 0.8.28 for Error(string) and Panic(uint256).
"""

from dataclasses import dataclass
from typing import Final

from node.contracts.abi import SELECTOR_BYTES, decode_values, selector, split_types
from node.contracts.errors import AbiDataError

CUSTOM_ERRORS: Final = (
    # the authority and its validator set
    "NotAuthorityMember()",
    "AlreadyVoted()",
    "ProposalExpired()",
    "ProposalUnknown()",
    "ProposalClosed()",
    "ActionUnknown()",
    "MemberKnown()",
    "MemberUnknown()",
    "MemberLimit()",
    "LastMember()",
    "ValidatorKnown()",
    "ValidatorUnknown()",
    "ValidatorLimit()",
    "LastValidator()",
    "ValidatorNotActive()",
    "ProofOfPossession()",
    "LicenceExpired()",
    "LicenceNotExpired()",
    "SettingOutOfRange()",
    "NotGovernment()",
    # the registries
    "HospitalNotVerified()",
    "HospitalStatusWrong()",
    "DuplicateRegistration(uint256)",
    "DoctorNotActive()",
    "DoctorUnknown()",
    "AffiliationLimit()",
    "PatientUnknown()",
    "NotPatient()",
    "FieldMissing()",
    "RegistrationCode()",
    "CidNotAllowed()",
    # guardian and recovery
    "AccountRetired()",
    "AlreadyConfirmed()",
    "GuardianUnfit()",
    "NotGuardian()",
    "NotPatientRegistry()",
    "RecoveryDiffers()",
    "RecoveryNotReady(uint256)",
    "RecoveryOver(uint256)",
    "RecoveryRunning()",
    "RecoveryUnknown()",
    # records and lab orders
    "InvalidDate()",
    "DateTooFar()",
    "TokenLocked()",
    "EntryUnknown()",
    "EntryLimit()",
    "NotAuthor()",
    "NotLabRegistry()",
    "LabNotListed()",
    "NotOrderedLab()",
    "OrderNotOpen()",
    "ReasonMissing()",
    "SharePlanInvalid()",
    "RecordErased()",
    "RetentionRunning(uint256)",
    # consent
    "ConsentSignature()",
    "ConsentNonce(uint256)",
    "ConsentPeriod()",
    "ConsentScope()",
    "ConsentCount()",
    "GranteeNotActive()",
    "GrantUnknown()",
    "GrantNotActive()",
    "GrantLimit()",
    "RequestUnknown()",
    # custody of shares
    "BatchSize()",
    "CustodianActive()",
    "CustodianDiffers(address)",
    "EpochNotNext(uint256)",
    "GenerationNotNext(uint256)",
    "NotCustodian()",
    "NotParticipant()",
    "SequenceNotNext(uint256)",
    # OpenZeppelin 5.0.2 and the language
    "ERC721EnumerableForbiddenBatchMint()",
    "ERC721IncorrectOwner(address,uint256,address)",
    "ERC721InsufficientApproval(address,uint256)",
    "ERC721InvalidApprover(address)",
    "ERC721InvalidOperator(address)",
    "ERC721InvalidOwner(address)",
    "ERC721InvalidReceiver(address)",
    "ERC721InvalidSender(address)",
    "ERC721NonexistentToken(uint256)",
    "ERC721OutOfBoundsIndex(address,uint256)",
    "InvalidShortString()",
    "StringTooLong(string)",
    "Error(string)",
    "Panic(uint256)",
)
_BY_SELECTOR: Final = {selector(signature): signature for signature in CUSTOM_ERRORS}


@dataclass(frozen=True, slots=True)
class RevertReason:
    """A decoded revert; ``name`` is what a scenario's ``error:`` compares with."""

    name: str
    """Name of the custom error; empty when the call reverted without data, ``Unknown`` for data
    that none of the contracts makes."""
    args: tuple[object, ...] = ()

    def __str__(self) -> str:
        if not self.name:
            return "reverted without a reason"
        return f"{self.name}({', '.join(map(str, self.args))})" if self.args else self.name


def decode_error(data: bytes) -> RevertReason:
    """Give the reason in a revert's return data; never raises."""
    if not data:
        return RevertReason("")
    signature = _BY_SELECTOR.get(data[:SELECTOR_BYTES])
    if signature is None:
        return RevertReason("Unknown", (data,))
    name, _, types = signature.partition("(")
    try:
        return RevertReason(name, decode_values(name, split_types(types[:-1]), data[4:]))
    except AbiDataError:
        return RevertReason("Unknown", (data,))
