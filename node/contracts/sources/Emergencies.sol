// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AlreadyReviewed,
    ConsentPeriod,
    EmergencyUnknown,
    NotAuthorityMember,
    PatientUnknown,
    ReasonMissing,
    SettingOutOfRange
} from "./Errors.sol";
import {IDoctors, IGovernment, IPatients} from "./Interfaces.sol";

/// Breaking the glass: a doctor says that a patient cannot be asked, and why.  Nobody is asked
/// first; the event tells everybody at once, the window is short, and the authority reviews it.
/// What it opens is the custodians' to say: they release what a patient has left for emergencies.
abstract contract Emergencies {
    struct Emergency {
        address doctor;
        uint40 at; // block time of the event
        uint40 until; // exclusive
        bool isReviewed;
        uint64 patientId;
        uint64 hospitalId; // the doctor acts for
    }

    event EmergencyAccess(
        bytes32 indexed emergencyId,
        uint64 indexed patientId,
        address indexed doctor,
        address patient,
        uint64 hospitalId,
        bytes32 reason,
        uint64 until
    );
    event EmergencyReviewed(
        bytes32 indexed emergencyId,
        address indexed member,
        bytes32 outcome,
        bool justified,
        bool late,
        uint64 until
    );

    uint64 public constant EMERGENCY_SECONDS_MAX = 24 hours;
    uint64 private constant REVIEW_SECONDS_MAX = 3_650 days;

    uint64 public immutable REVIEW_SECONDS;
    IGovernment private immutable GOVERNMENT;
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    uint256 public emergencyCount;
    mapping(bytes32 emergencyId => Emergency) private _emergencies;

    constructor(
        IGovernment government,
        IDoctors doctors,
        IPatients patients,
        uint64 reviewSeconds
    ) {
        require(reviewSeconds != 0 && reviewSeconds <= REVIEW_SECONDS_MAX, SettingOutOfRange());
        GOVERNMENT = government;
        DOCTORS = doctors;
        PATIENTS = patients;
        REVIEW_SECONDS = reviewSeconds;
    }

    /// An active doctor of a Verified hospital opens what the patient has left for emergencies, for
    /// at most 24 hours from now; who needs longer says so again, in an event of its own.
    function emergencyAccess(
        uint64 patientId,
        uint64 hospitalId,
        bytes32 reason,
        uint64 duration
    ) external returns (bytes32 emergencyId) {
        DOCTORS.requireWriter(msg.sender, hospitalId);
        address patient = PATIENTS.accountOf(patientId);
        require(patient != address(0), PatientUnknown());
        require(reason != 0, ReasonMissing());
        require(duration != 0 && duration <= EMERGENCY_SECONDS_MAX, ConsentPeriod());
        uint256 until = block.timestamp + duration;
        // no grant has such an id: a Consent's is the hash of other bytes
        emergencyId = keccak256(
            abi.encode("emergency", block.chainid, address(this), ++emergencyCount, patientId)
        );
        _emergencies[emergencyId] = Emergency(
            msg.sender, uint40(block.timestamp), uint40(until), false, patientId, hospitalId
        );
        emit EmergencyAccess(
            emergencyId, patientId, msg.sender, patient, hospitalId, reason, uint64(until)
        );
    }

    /// A member of the authority says what came of it, once.  Late is better than never, and told.
    /// One that was not justified ends here, if it still runs.
    function reviewEmergency(bytes32 emergencyId, bytes32 outcome, bool justified) external {
        require(GOVERNMENT.isMember(msg.sender), NotAuthorityMember());
        Emergency storage e = _emergencies[emergencyId];
        require(e.doctor != address(0), EmergencyUnknown());
        require(!e.isReviewed, AlreadyReviewed());
        require(outcome != 0, ReasonMissing());
        e.isReviewed = true;
        uint40 until = e.until;
        if (!justified && until > block.timestamp) {
            until = uint40(block.timestamp);
            e.until = until;
        }
        bool late = block.timestamp > e.at + uint256(REVIEW_SECONDS);
        emit EmergencyReviewed(emergencyId, msg.sender, outcome, justified, late, until);
    }

    /// One emergency; all zero if there is none of this id.
    function emergencyOf(bytes32 emergencyId) external view returns (Emergency memory) {
        return _emergencies[emergencyId];
    }
}
