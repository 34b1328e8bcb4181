// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Calendar} from "./Calendar.sol";
import {
    NotBooked,
    PatientBusy,
    PatientUnknown,
    SlotOver,
    SlotTaken,
    SlotTimes,
    SlotUnknown
} from "./Errors.sol";
import {IDoctors, IPatients} from "./Interfaces.sol";

/// Slots of doctors, and the patients who booked them.  A slot is named by its doctor's account
/// and its start; what a visit is about is nobody's business here.
///
/// A booking is the patient's by Patient-ID, so it follows a recovery by itself.
contract AppointmentBook {
    using Calendar for Calendar.Days;

    struct Slot {
        uint64 hospitalId;
        uint64 end; // block time in seconds, exclusive; 0 = there is no such slot
        uint64 patientId; // 0 = free
    }

    event SlotOpened(
        address indexed doctor, uint64 indexed hospitalId, uint64 start, uint64 end
    );
    event Booked(address indexed doctor, uint64 indexed patientId, uint64 start);
    event Moved(
        uint64 indexed patientId,
        address indexed fromDoctor,
        address indexed toDoctor,
        uint64 fromStart,
        uint64 toStart
    );
    /// `closed`: by the doctor, who takes the slot away; Patient-ID 0 if nobody had booked it.
    event Cancelled(address indexed doctor, uint64 indexed patientId, uint64 start, bool closed);

    uint256 public constant SLOTS_MAX = 24; // opened at once
    uint256 private constant AHEAD_SECONDS_MAX = 366 days;

    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    mapping(address doctor => mapping(uint64 start => Slot)) private _slots;
    mapping(address doctor => Calendar.Days) private _opened;
    mapping(uint64 patientId => Calendar.Days) private _booked;

    constructor(IDoctors doctors, IPatients patients) {
        DOCTORS = doctors;
        PATIENTS = patients;
    }

    /// An active doctor opens `count` slots of `length` seconds, one after the other.
    function openSlots(uint64 hospitalId, uint64 start, uint64 length, uint256 count) external {
        DOCTORS.requireWriter(msg.sender, hospitalId);
        uint256 grain = Calendar.GRAIN_SECONDS;
        require(count != 0 && count <= SLOTS_MAX, SlotTimes());
        require(length != 0 && length <= grain * Calendar.GRAINS_MAX / count, SlotTimes());
        require(length % grain == 0 && start % grain == 0, SlotTimes());
        require(start > block.timestamp, SlotOver());
        require(start <= block.timestamp + AHEAD_SECONDS_MAX, SlotTimes());
        require(_opened[msg.sender].take(start, start + length * count), SlotTaken());
        for (uint256 i = 0; i < count; ++i) {
            uint64 end = start + length;
            _slots[msg.sender][start] = Slot(hospitalId, end, 0);
            emit SlotOpened(msg.sender, hospitalId, start, end);
            start = end;
        }
    }

    function book(address doctor, uint64 start) external {
        uint64 patientId = _requirePatient();
        _take(patientId, _requireFree(doctor, start), start);
        emit Booked(doctor, patientId, start);
    }

    /// Gives one slot back and takes another, maybe of another doctor; both or neither.
    function move(address fromDoctor, uint64 fromStart, address toDoctor, uint64 toStart)
        external
    {
        uint64 patientId = _requirePatient();
        Slot storage old = _requireBooked(fromDoctor, fromStart, patientId);
        Slot storage new_ = _requireFree(toDoctor, toStart);
        _release(patientId, old, fromStart);
        _take(patientId, new_, toStart);
        emit Moved(patientId, fromDoctor, toDoctor, fromStart, toStart);
    }

    /// The patient gives a slot back; others may book it.
    function cancel(address doctor, uint64 start) external {
        uint64 patientId = _requirePatient();
        _release(patientId, _requireBooked(doctor, start, patientId), start);
        emit Cancelled(doctor, patientId, start, false);
    }

    /// The doctor takes an own slot away, booked or not; also while suspended, so that a patient
    /// learns of it.
    function close(uint64 start) external {
        Slot storage slot_ = _requireAhead(msg.sender, start);
        uint64 end = slot_.end;
        uint64 patientId = slot_.patientId;
        delete _slots[msg.sender][start];
        _opened[msg.sender].release(start, end);
        if (patientId != 0) _booked[patientId].release(start, end);
        emit Cancelled(msg.sender, patientId, start, true);
    }

    /// Zeros for a slot that is not there.
    function slot(address doctor, uint64 start)
        external
        view
        returns (uint64 hospitalId, uint64 end, uint64 patientId)
    {
        Slot storage s = _slots[doctor][start];
        return (s.hospitalId, s.end, s.patientId);
    }

    function _take(uint64 patientId, Slot storage slot_, uint64 start) private {
        slot_.patientId = patientId;
        require(_booked[patientId].take(start, slot_.end), PatientBusy());
    }

    function _release(uint64 patientId, Slot storage slot_, uint64 start) private {
        slot_.patientId = 0;
        _booked[patientId].release(start, slot_.end);
    }

    function _requirePatient() private view returns (uint64 patientId) {
        patientId = PATIENTS.idOf(msg.sender);
        require(patientId != 0, PatientUnknown());
    }

    /// A slot that can still change: it has not begun.
    function _requireAhead(address doctor, uint64 start) private view returns (Slot storage s) {
        s = _slots[doctor][start];
        require(s.end != 0, SlotUnknown());
        require(start > block.timestamp, SlotOver());
    }

    function _requireBooked(address doctor, uint64 start, uint64 patientId)
        private
        view
        returns (Slot storage s)
    {
        s = _requireAhead(doctor, start);
        require(s.patientId == patientId, NotBooked());
    }

    /// A slot that nobody has, of a doctor who may practise at its hospital now.
    function _requireFree(address doctor, uint64 start) private view returns (Slot storage s) {
        s = _requireAhead(doctor, start);
        require(s.patientId == 0, SlotTaken());
        DOCTORS.requireWriter(doctor, s.hospitalId);
    }
}
