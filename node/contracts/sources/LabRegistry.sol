// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Dates} from "./Dates.sol";
import {
    DuplicateRegistration,
    EntryUnknown,
    EpochNotNext,
    FieldMissing,
    HospitalNotVerified,
    LabNotListed,
    NotOrderedLab,
    NotPatient,
    OrderNotOpen,
    ReasonMissing,
    RecordErased,
    RecordUnknown,
    SharePlanInvalid
} from "./Errors.sol";
import {IDoctors, IHospitals, IPmrEntries} from "./Interfaces.sol";
import {Content, Kind, Plan} from "./Types.sol";

/// Lab orders: ordered by a doctor, performed and filed by the lab that the order names.
/// Manifest CID and observations commitment become the content of an entry of the PMR.
contract LabRegistry {
    enum Status {
        Unknown,
        Open,
        Filed
    }

    struct Order {
        uint96 pmrId; // a PMR-ID is below 2**64 * 10**8 < 2**91
        uint64 doctorId;
        uint64 hospitalId;
        Status status;
        uint24 entryIndex;
        address lab;
        uint32 dateOfCapture;
        Plan plan;
    }

    event LabListed(address indexed account, uint64 indexed hospitalId, string name);
    event LabOrdered(
        uint256 indexed orderId,
        uint256 indexed pmrId,
        address indexed lab,
        uint64 doctorId,
        uint64 hospitalId,
        bytes16 modality,
        bytes32 reason
    );
    event LabFiled(
        uint256 indexed orderId,
        uint256 indexed pmrId,
        uint64 indexed patientId,
        bytes16 modality,
        uint32 dateOfCapture,
        bytes32 reason,
        Content observations,
        Plan plan,
        uint256 entryIndex
    );
    event LabRefreshed(uint256 indexed pmrId, uint256 indexed entryIndex, uint32 epoch);

    IHospitals private immutable HOSPITALS;
    IDoctors private immutable DOCTORS;
    IPmrEntries private immutable PMR;
    int32 private immutable UTC_OFFSET_SECONDS; // range checked by PmrToken
    uint256 public orderCount;
    mapping(address lab => uint64 hospitalId) public hospitalOf;
    mapping(uint256 orderId => Order) private _orders;
    mapping(uint256 pmrId => mapping(uint256 entryIndex => uint32)) public epochOf; // refreshes

    constructor(IHospitals hospitals, IDoctors doctors, IPmrEntries pmr, int32 offsetSeconds) {
        HOSPITALS = hospitals;
        DOCTORS = doctors;
        PMR = pmr;
        UTC_OFFSET_SECONDS = offsetSeconds;
    }

    /// A Verified hospital lists a lab; an account is the lab of one hospital.
    function listLab(address account, string calldata name) external {
        uint64 hospitalId = HOSPITALS.requireVerified(msg.sender);
        require(account != address(0) && bytes(name).length != 0, FieldMissing());
        uint64 existing = hospitalOf[account];
        require(existing == 0, DuplicateRegistration(existing));
        hospitalOf[account] = hospitalId;
        emit LabListed(account, hospitalId, name);
    }

    /// An active doctor orders a study for an existing PMR.
    function order(
        uint256 pmrId,
        uint64 hospitalId,
        address lab,
        bytes16 modality,
        bytes32 reason
    ) external returns (uint256 orderId) {
        uint64 doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        require(PMR.entryCount(pmrId) != 0, RecordUnknown(pmrId));
        require(PMR.erasedAt(pmrId) == 0, RecordErased());
        _requireLab(lab);
        require(modality != 0, FieldMissing());
        require(reason != 0, ReasonMissing());
        orderId = ++orderCount;
        Order storage o = _orders[orderId];
        o.pmrId = uint96(pmrId);
        o.doctorId = doctorId;
        o.hospitalId = hospitalId;
        o.status = Status.Open;
        o.lab = lab;
        emit LabOrdered(orderId, pmrId, lab, doctorId, hospitalId, modality, reason);
    }

    /// The ordered lab files the study; the order is then closed.
    function file(
        uint256 orderId,
        bytes16 modality,
        uint32 dateOfCapture,
        bytes32 reason,
        Content calldata observations,
        Plan calldata plan
    ) external {
        Order storage o = _orders[orderId];
        require(o.status == Status.Open, OrderNotOpen());
        require(msg.sender == o.lab, NotOrderedLab());
        _requireLab(msg.sender);
        require(modality != 0, FieldMissing());
        require(reason != 0, ReasonMissing());
        require(plan.needed >= 2 && plan.needed <= plan.total, SharePlanInvalid());
        Dates.requireNotLater(dateOfCapture, UTC_OFFSET_SECONDS);

        o.status = Status.Filed;
        o.dateOfCapture = dateOfCapture;
        o.plan = plan;
        uint256 pmrId = o.pmrId;
        uint256 index = PMR.fileEntry(
            pmrId, o.doctorId, o.hospitalId, Kind.Lab, observations
        );
        o.entryIndex = uint24(index);
        emit LabFiled(
            orderId,
            pmrId,
            uint64(pmrId / 10 ** 8),
            modality,
            dateOfCapture,
            reason,
            observations,
            plan,
            index
        );
    }

    /// The patient says that the shares of a study have been refreshed; an order keeps the plan by
    /// which it was filed.  Refreshes may be told late, and none goes back.
    function refresh(uint256 pmrId, uint256 entryIndex, uint32 epoch) external {
        require(msg.sender == PMR.patientOf(pmrId), NotPatient());
        require(PMR.erasedAt(pmrId) == 0, RecordErased());
        require(PMR.entry(pmrId, entryIndex).kind == uint8(Kind.Lab), EntryUnknown());
        uint32 current = epochOf[pmrId][entryIndex];
        require(epoch > current, EpochNotNext(current));
        epochOf[pmrId][entryIndex] = epoch;
        emit LabRefreshed(pmrId, entryIndex, epoch);
    }

    function orderOf(uint256 orderId)
        external
        view
        returns (
            uint256 pmrId,
            uint8 status,
            uint64 doctorId,
            uint64 hospitalId,
            address lab,
            uint32 dateOfCapture,
            Plan memory plan,
            uint32 entryIndex
        )
    {
        Order storage o = _orders[orderId];
        pmrId = o.pmrId;
        status = uint8(o.status);
        doctorId = o.doctorId;
        hospitalId = o.hospitalId;
        lab = o.lab;
        dateOfCapture = o.dateOfCapture;
        plan = o.plan;
        entryIndex = o.entryIndex;
    }

    function _requireLab(address lab) private view {
        uint64 hospitalId = hospitalOf[lab];
        require(hospitalId != 0, LabNotListed());
        require(HOSPITALS.isVerified(hospitalId), HospitalNotVerified());
    }
}
