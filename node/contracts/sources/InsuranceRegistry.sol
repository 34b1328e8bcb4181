// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AlreadyClaimed,
    AlreadyDecided,
    AmountWrong,
    BatchSize,
    ClaimNotCovered,
    ClaimUnknown,
    FieldMissing,
    GrantNotActive,
    NotInsurer,
    NotPatient,
    NotTreating,
    OfferClosed,
    PatientUnknown,
    PolicyEnded,
    PolicyTerms,
    PolicyUnknown,
    ReasonMissing
} from "./Errors.sol";
import {IConsents, IHospitals, IPatients, IPmrEntries} from "./Interfaces.sol";
import {Parties} from "./Parties.sol";
import {Content, Entry, Kind} from "./Types.sol";

/// Insurers, their policies, and claims that refer to entries of a record under a grant.
///
/// A policy is offered by the insurer and bound by the patient, each in a transaction of their own:
/// both have said yes on the ledger, and no second kind of signature needs rules against replay.
/// Numbers of policies and details of claims stand as salted commitments only.
contract InsuranceRegistry is Parties {
    enum PolicyStatus {
        Unknown,
        Offered,
        Bound,
        Withdrawn
    }

    enum ClaimStatus {
        Unknown,
        Filed,
        Decided
    }

    struct Policy {
        address insurer;
        uint64 patientId;
        PolicyStatus status;
        uint8 kinds; // bit k: entries of kind k are covered
        uint64 validFrom;
        uint64 validUntil; // exclusive
    }

    struct Claim {
        uint64 policyId;
        uint80 amount; // in the smallest unit of the policy's currency
        uint80 approved;
        ClaimStatus status;
    }

    /// What the entries that a claim names come to.
    struct Care {
        uint256 named; // bit k: entry k is named
        uint256 bits; // the same, and of all that these amend
        uint64 doctorId; // who stands behind the first that is named
        uint64 hospitalId;
    }

    event PolicyOffered(
        uint64 indexed policyId,
        address indexed insurer,
        uint64 indexed patientId,
        bytes32 commitment,
        uint8 kinds,
        bytes3 currency,
        uint64 validFrom,
        uint64 validUntil
    );
    event PolicyBound(
        uint64 indexed policyId, address indexed insurer, uint64 indexed patientId
    );
    event PolicyWithdrawn(uint64 indexed policyId);
    event ClaimFiled(
        uint64 indexed claimId,
        uint64 indexed policyId,
        uint256 indexed pmrId,
        uint256 entries,
        uint80 amount,
        uint256 entryIndex,
        address by
    );
    event ClaimDecided(
        uint64 indexed claimId, uint64 indexed policyId, uint80 approved, bytes32 reason
    );

    uint256 public constant CLAIM_ENTRIES_MAX = 8;
    uint8 private constant KINDS = 0x3e; // consultation to iomt: no claim is made for a claim
    uint256 private constant DATE_FACTOR = 10 ** 8;

    IHospitals private immutable HOSPITALS;
    IPatients private immutable PATIENTS;
    IPmrEntries private immutable PMR;
    IConsents private immutable CONSENTS;
    uint64 public policyCount;
    uint64 public claimCount;
    mapping(uint64 policyId => Policy) private _policies;
    mapping(uint64 claimId => Claim) private _claims;
    /// Bit k: entry k of the record was claimed under the policy, or what amended it was, whatever
    /// became of it.
    mapping(uint64 policyId => mapping(uint256 pmrId => uint256)) public claimedEntries;

    constructor(
        address government,
        IHospitals hospitals,
        IPatients patients,
        IPmrEntries pmr,
        IConsents consents
    ) Parties(government) {
        HOSPITALS = hospitals;
        PATIENTS = patients;
        PMR = pmr;
        CONSENTS = consents;
    }

    /// A listed insurer offers a policy; it may reach into the past, as the two have agreed.
    function offerPolicy(
        uint64 patientId,
        bytes32 commitment,
        uint8 kinds,
        bytes3 currency,
        uint64 validFrom,
        uint64 validUntil
    ) external returns (uint64 policyId) {
        require(isActive[msg.sender], NotInsurer());
        require(PATIENTS.accountOf(patientId) != address(0), PatientUnknown());
        require(commitment != 0 && currency != 0, FieldMissing());
        require(kinds != 0 && kinds & ~KINDS == 0, PolicyTerms());
        require(validFrom < validUntil && validUntil > block.timestamp, PolicyTerms());
        policyId = ++policyCount;
        _policies[policyId] = Policy(
            msg.sender, patientId, PolicyStatus.Offered, kinds, validFrom, validUntil
        );
        emit PolicyOffered(
            policyId, msg.sender, patientId, commitment, kinds, currency, validFrom, validUntil
        );
    }

    /// The patient takes an offer.
    function bindPolicy(uint64 policyId) external {
        Policy storage p = _requireOffered(policyId);
        require(PATIENTS.accountOf(p.patientId) == msg.sender, NotPatient());
        require(p.validUntil > block.timestamp, PolicyEnded());
        address insurer = p.insurer;
        require(isActive[insurer], NotInsurer());
        p.status = PolicyStatus.Bound;
        emit PolicyBound(policyId, insurer, p.patientId);
    }

    /// The insurer takes an offer back that nobody has taken.
    function withdrawPolicy(uint64 policyId) external {
        Policy storage p = _requireOffered(policyId);
        require(p.insurer == msg.sender, NotInsurer());
        p.status = PolicyStatus.Withdrawn;
        emit PolicyWithdrawn(policyId);
    }

    /// The patient, or the Verified hospital that wrote them, claims for entries of one record.
    /// The insurer must be able to read them: a grant of the patient to it has to stand.
    /// The claim becomes an entry of the record beside them.
    function fileClaim(
        uint64 policyId,
        uint256 pmrId,
        uint8[] calldata indices,
        uint80 amount,
        Content calldata details
    ) external returns (uint64 claimId) {
        Policy memory p = _policies[policyId];
        require(p.status == PolicyStatus.Bound, PolicyUnknown());
        require(isActive[p.insurer], NotInsurer());
        require(pmrId / DATE_FACTOR == p.patientId, ClaimNotCovered());
        require(amount != 0, FieldMissing());
        Care memory care = _claimed(policyId, p, pmrId, indices);
        uint256 minted = PMR.mintedAt(pmrId);
        bool allowed = CONSENTS.isAllowedFor(p.insurer, pmrId, minted, block.timestamp);
        require(allowed, GrantNotActive());

        claimedEntries[policyId][pmrId] |= care.bits;
        claimId = ++claimCount;
        _claims[claimId] = Claim(policyId, amount, 0, ClaimStatus.Filed);
        uint256 index = PMR.fileEntry(
            pmrId, care.doctorId, care.hospitalId, Kind.Insurance, details
        );
        emit ClaimFiled(claimId, policyId, pmrId, care.named, amount, index, msg.sender);
    }

    /// The insurer decides, once.  Anything below the claimed amount needs a reason code.
    function decideClaim(uint64 claimId, uint80 approved, bytes32 reason) external {
        Claim storage c = _claims[claimId];
        require(c.status != ClaimStatus.Unknown, ClaimUnknown());
        uint64 policyId = c.policyId;
        require(_policies[policyId].insurer == msg.sender && isActive[msg.sender], NotInsurer());
        require(c.status == ClaimStatus.Filed, AlreadyDecided());
        uint80 amount = c.amount;
        require(approved <= amount, AmountWrong(amount));
        require(approved == amount || reason != 0, ReasonMissing());
        c.approved = approved;
        c.status = ClaimStatus.Decided;
        emit ClaimDecided(claimId, policyId, approved, reason);
    }

    function policy(uint64 policyId)
        external
        view
        returns (
            address insurer,
            uint64 patientId,
            uint8 status,
            uint8 kinds,
            uint64 validFrom,
            uint64 validUntil
        )
    {
        Policy memory p = _policies[policyId];
        return (p.insurer, p.patientId, uint8(p.status), p.kinds, p.validFrom, p.validUntil);
    }

    function claim(uint64 claimId)
        external
        view
        returns (uint64 policyId, uint80 amount, uint80 approved, uint8 status)
    {
        Claim memory c = _claims[claimId];
        return (c.policyId, c.amount, c.approved, uint8(c.status));
    }

    /// Checks the entries that a claim names, and says what they come to.
    function _claimed(
        uint64 policyId,
        Policy memory p,
        uint256 pmrId,
        uint8[] calldata indices
    ) private view returns (Care memory care) {
        require(indices.length != 0 && indices.length <= CLAIM_ENTRIES_MAX, BatchSize());
        uint64 treating = 0; // 0 = the patient claims
        if (PATIENTS.accountOf(p.patientId) != msg.sender) {
            treating = HOSPITALS.requireVerified(msg.sender);
        }
        uint256 before = claimedEntries[policyId][pmrId];
        for (uint256 i = 0; i < indices.length; ++i) {
            Entry memory e = PMR.entry(pmrId, indices[i]);
            (uint256 bits, uint64 time) = _careOf(pmrId, indices[i], e);
            require((before | care.bits) & bits == 0, AlreadyClaimed());
            require(_isCovered(p, e, time), ClaimNotCovered());
            require(treating == 0 || e.hospitalId == treating, NotTreating());
            care.named |= 1 << indices[i];
            care.bits |= bits;
            if (i == 0) (care.doctorId, care.hospitalId) = (e.doctorId, e.hospitalId);
        }
    }

    /// The bits of an entry and of all that it amends, and when the first of them was written:
    /// care that is written down anew is no other care, and no later.
    function _careOf(uint256 pmrId, uint256 index, Entry memory e)
        private
        view
        returns (uint256 bits, uint64 time)
    {
        bits = 1 << index;
        time = e.time;
        // each is about an earlier one, so 255 steps at most, and none twice in a claim
        for (uint256 about = e.about; about != 0;) {
            Entry memory amended = PMR.entry(pmrId, about - 1);
            bits |= 1 << (about - 1);
            time = amended.time;
            about = amended.about;
        }
    }

    /// An entry that was amended is covered by its amendment only, and what the patient stated
    /// (an entry of no doctor) is no care.
    function _isCovered(Policy memory p, Entry memory e, uint64 time) private pure returns (bool) {
        bool isInTime = time >= p.validFrom && time < p.validUntil;
        return isInTime && p.kinds & (1 << e.kind) != 0 && !e.marked && e.doctorId != 0;
    }

    function _requireOffered(uint64 policyId) private view returns (Policy storage p) {
        p = _policies[policyId];
        require(p.status != PolicyStatus.Unknown, PolicyUnknown());
        require(p.status == PolicyStatus.Offered, OfferClosed());
    }
}
