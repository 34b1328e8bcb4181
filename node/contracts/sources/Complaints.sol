// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
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
        uint96 pmrId; // as in the Consent: 0 = all records of the patient
        uint40 upheldAt; // block time, 0 = not yet
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
    // by the upper half of the grant id, which is all that the lists know of it
    mapping(bytes16 tag => Complaint) private _complaints;

    constructor(IGovernment government, IHospitals hospitals, IPatients patients) {
        GOVERNMENT = government;
        HOSPITALS = hospitals;
        PATIENTS = patients;
    }

    /// The patient, or a Verified hospital, complains of a running grant; each may bring evidence,
    /// a commitment to what the authority gets to see.  Nothing ends before it has decided.
    function complainOfGrant(
        bytes32 grantId,
        uint64 patientId,
        address grantee,
        uint256 pmrId,
        bytes32 evidence
    ) external {
        bool isPatient = patientId != 0 && PATIENTS.idOf(msg.sender) == patientId;
        require(isPatient || HOSPITALS.isActive(msg.sender), NotParticipant());
        require(evidence != 0, FieldMissing());
        require(_isRunning(_listOf(patientId, grantee, pmrId), grantId), GrantNotActive());
        // whoever complains of it says the same: the grant is found by all of it
        _complaints[bytes16(grantId)] = Complaint(grantee, patientId, uint96(pmrId), 0);
        emit GrantComplaint(grantId, grantee, msg.sender, patientId, pmrId, evidence);
    }

    /// The authority has found a complaint proven.
    function upholdComplaint(bytes32 grantId) external {
        require(msg.sender == address(GOVERNMENT), NotGovernment());
        Complaint storage c = _complaints[bytes16(grantId)];
        address grantee = c.grantee;
        require(grantee != address(0), ComplaintUnknown());
        require(c.upheldAt == 0, AlreadyUpheld());
        c.upheldAt = uint40(block.timestamp);
        bytes32 list = _listOf(c.patientId, grantee, c.pmrId);
        bool ended = _isRunning(list, grantId);
        if (ended) _free(list, grantId);
        emit ComplaintUpheld(grantId, grantee, ended);
    }

    /// What was said of a grant; all zero if nobody complained.
    function complaintOf(bytes32 grantId) external view returns (Complaint memory) {
        return _complaints[bytes16(grantId)];
    }
}
