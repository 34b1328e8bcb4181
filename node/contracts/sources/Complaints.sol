// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AlreadyComplained,
    AlreadyUpheld,
    ComplaintUnknown,
    FieldMissing,
    GrantNotActive,
    NotGovernment,
    NotParticipant
} from "./Errors.sol";
import {GrantLists} from "./GrantLists.sol";
import {IComplaints, IGovernment, IHospitals, IPatients} from "./Interfaces.sol";

/// Somebody says that a grantee misuses a grant, and the authority finds it proven: the grant ends
/// with that vote.  A hospital that noticed need not reach the patient first.
abstract contract Complaints is GrantLists, IComplaints {
    struct Complaint {
        address grantee;
        uint64 patientId;
        bool isUpheld;
        uint256 pmrId; // as in the Consent: 0 = all records of the patient
    }

    event GrantComplaint(
        bytes32 indexed grantId,
        address indexed grantee,
        address indexed complainant,
        uint64 patientId,
        uint256 pmrId,
        bytes32 evidence
    );
    /// `ended` says whether the grant still ran.
    event ComplaintUpheld(bytes32 indexed grantId, address indexed grantee, bool ended);

    IGovernment private immutable GOVERNMENT;
    IHospitals private immutable HOSPITALS;
    IPatients private immutable PATIENTS;
    mapping(bytes32 grantId => Complaint) private _complaints;

    constructor(IGovernment government, IHospitals hospitals, IPatients patients) {
        GOVERNMENT = government;
        HOSPITALS = hospitals;
        PATIENTS = patients;
    }

    /// The patient, or a Verified hospital, complains of a running grant, once; `evidence` is a
    /// commitment to what the authority gets to see.  Nothing ends before it has decided.
    function complainOfGrant(
        bytes32 grantId,
        uint64 patientId,
        address grantee,
        uint256 pmrId,
        bytes32 evidence
    ) external {
        bool isPatient = PATIENTS.idOf(msg.sender) == patientId;
        require(isPatient || HOSPITALS.isActive(msg.sender), NotParticipant());
        require(evidence != 0, FieldMissing());
        require(_complaints[grantId].grantee == address(0), AlreadyComplained());
        require(_isRunning(_listOf(patientId, grantee, pmrId), grantId), GrantNotActive());
        _complaints[grantId] = Complaint(grantee, patientId, false, pmrId);
        emit GrantComplaint(grantId, grantee, msg.sender, patientId, pmrId, evidence);
    }

    /// The authority has found a complaint proven.
    function upholdComplaint(bytes32 grantId) external {
        require(msg.sender == address(GOVERNMENT), NotGovernment());
        Complaint storage c = _complaints[grantId];
        address grantee = c.grantee;
        require(grantee != address(0), ComplaintUnknown());
        require(!c.isUpheld, AlreadyUpheld());
        c.isUpheld = true;
        bytes32 list = _listOf(c.patientId, grantee, c.pmrId);
        bool ended = _isRunning(list, grantId);
        if (ended) _free(list, grantId);
        emit ComplaintUpheld(grantId, grantee, ended);
    }

    /// What was said of a grant; all zero if nobody complained.
    function complaintOf(bytes32 grantId) external view returns (Complaint memory) {
        return _complaints[grantId];
    }
}
