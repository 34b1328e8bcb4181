// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AlreadyIssued,
    CopyUnknown,
    NotPatient,
    NotRecordKeeper,
    PatientUnknown,
    RecordErased
} from "./Errors.sol";
import {IHospitals, IPatients, IPmr, IPmrEntries} from "./Interfaces.sol";
import {Checks, Content} from "./Types.sol";

/// A patient asks for a copy of the own records, and a clock starts (IMC Regulations 2002, 1.3.2).
abstract contract Copies {
    struct Copy {
        uint64 patientId;
        uint40 requestedAt; // block time
        bool isIssued;
        uint96 pmrId; // 0 = all records of the patient
    }

    event CopyRequested(
        uint256 indexed copyId, uint64 indexed patientId, uint256 indexed pmrId, uint64 due
    );
    event CopyIssued(
        uint256 indexed copyId,
        uint64 indexed patientId,
        uint64 indexed hospitalId,
        Content content,
        bool late
    );

    uint64 public constant COPY_SECONDS_MAX = 72 hours;
    uint256 private constant DATE_FACTOR = 10 ** 8;

    IHospitals private immutable HOSPITALS;
    IPatients private immutable PATIENTS;
    IPmrEntries private immutable PMR;
    uint256 public copyCount;
    mapping(uint256 copyId => Copy) private _copies;

    constructor(IHospitals hospitals, IPatients patients, IPmr pmr) {
        HOSPITALS = hospitals;
        PATIENTS = patients;
        PMR = IPmrEntries(address(pmr));
    }

    /// The patient asks for a copy of one record, or of all (0).  It is due within 72 hours.
    function requestCopy(uint256 pmrId) external returns (uint256 copyId) {
        uint64 patientId = PATIENTS.idOf(msg.sender);
        require(patientId != 0, PatientUnknown());
        if (pmrId != 0) {
            require(PMR.patientOf(pmrId) == msg.sender, NotPatient());
            require(PMR.erasedAt(pmrId) == 0, RecordErased());
        }
        copyId = ++copyCount;
        _copies[copyId] = Copy(patientId, uint40(block.timestamp), false, uint96(pmrId));
        emit CopyRequested(copyId, patientId, pmrId, uint64(block.timestamp) + COPY_SECONDS_MAX);
    }

    /// A Verified hospital that keeps the patient's records has made the copy and sealed it to the
    /// patient: the one whose desk registered the patient (`pmrId` 0), or the one that wrote entry
    /// `index` of the record that was asked for; of any of the patient's where all were.
    function issueCopy(uint256 copyId, uint256 pmrId, uint256 index, Content calldata content)
        external
    {
        uint64 hospitalId = HOSPITALS.requireVerified(msg.sender);
        Copy storage c = _copies[copyId];
        uint64 patientId = c.patientId;
        require(patientId != 0, CopyUnknown());
        require(!c.isIssued, AlreadyIssued());
        require(c.pmrId == 0 || pmrId == 0 || pmrId == c.pmrId, NotRecordKeeper());
        require(_keeperOf(patientId, pmrId, index) == hospitalId, NotRecordKeeper());
        Checks.content(content);
        c.isIssued = true;
        bool late = block.timestamp > c.requestedAt + uint256(COPY_SECONDS_MAX);
        emit CopyIssued(copyId, patientId, hospitalId, content, late);
    }

    /// One request; all zero if there is none of this id.
    function copyOf(uint256 copyId) external view returns (Copy memory) {
        return _copies[copyId];
    }

    /// The hospital that a claim to keep a patient's records is about; 0 = nobody's.
    function _keeperOf(uint64 patientId, uint256 pmrId, uint256 index)
        private
        view
        returns (uint64 hospitalId)
    {
        if (pmrId == 0) {
            (, hospitalId,) = PATIENTS.patient(patientId);
        } else if (pmrId / DATE_FACTOR == patientId) {
            hospitalId = PMR.entry(pmrId, index).hospitalId;
        }
    }
}
