// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {
    AlreadyAlerted,
    BatchSize,
    BatchUnknown,
    DeviceTaken,
    DeviceUnfit,
    DeviceUnknown,
    FieldMissing,
    NotDeviceHospital,
    ReadingUnknown,
    ReasonMissing,
    RecordErased,
    RecordUnknown,
    SequenceNotNext
} from "./Errors.sol";
import {IDoctors, IHospitals, IPatients, IPmr} from "./Interfaces.sol";
import {Content, Kind} from "./Types.sol";

/// Devices that sign readings for one patient, and the batches of readings that they file.
///
/// A device numbers its readings 0, 1, 2, ... for as long as it lives, whoever wears it, and files
/// them in that order.  What it signs is EIP-712 typed data of this contract:
///   Reading(address device,uint32 sequence,uint64 time,bytes32 kind,Measure measure)
///   Measure(int64 value,uint8 decimals,bytes32 salt)
/// `kind` is "<LOINC code> <UCUM unit>" in ASCII, zeros behind; the measured value is
/// value / 10**decimals.  A leaf of a batch is keccak256(digest of the Reading): 32 bytes are
/// hashed, and 64 for an inner node, so none can stand for the other.  The salt keeps a value from
/// being guessed; an alert shows the hash of the Measure, so no value ever stands on the chain.
contract IomtRegistry is EIP712 {
    /// Two slots.  Unbound: all zero but `next`, which only ever grows.
    struct Binding {
        address doctor; // who gave the device out: it writes with this doctor's licence
        uint96 pmrId; // a PMR-ID is below 2**64 * 10**8 < 2**91
        uint64 hospitalId;
        uint32 next; // one reading per second fills it in 136 years
    }

    struct Batch {
        bytes32 root;
        uint96 pmrId;
        uint64 hospitalId;
        uint32 count;
        uint24 entryIndex;
    }

    /// What an alert shows of a reading: all but what was measured.
    struct Shown {
        uint32 sequence;
        uint64 time;
        bytes32 kind;
        bytes32 measure; // hashStruct of the Measure
    }

    event DeviceBound(
        address indexed device,
        uint64 indexed patientId,
        uint256 indexed pmrId,
        uint64 doctorId,
        uint64 hospitalId,
        uint32 nextSequence
    );
    event DeviceUnbound(
        address indexed device, uint64 indexed patientId, uint256 indexed pmrId
    );
    event ReadingsFiled(
        uint256 indexed batchId,
        uint256 indexed pmrId,
        address indexed device,
        uint32 firstSequence,
        uint32 count,
        bytes32 root,
        uint256 entryIndex
    );
    event AlertRaised(
        uint64 indexed patientId,
        address indexed device,
        uint256 indexed batchId,
        uint32 sequence,
        bytes32 kind,
        bytes32 reason
    );

    bytes32 private constant READING_TYPEHASH = keccak256(
        "Reading(address device,uint32 sequence,uint64 time,bytes32 kind,Measure measure)"
        "Measure(int64 value,uint8 decimals,bytes32 salt)"
    );
    uint32 private constant BATCH_READINGS_MAX = 1_024;
    uint256 private constant DATE_FACTOR = 10 ** 8;

    IHospitals private immutable HOSPITALS;
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    IPmr private immutable PMR;
    mapping(address device => Binding) private _bindings;
    mapping(uint256 batchId => Batch) private _batches;
    mapping(address device => mapping(uint256 word => uint256 bits)) private _alerted;

    constructor(IHospitals hospitals, IDoctors doctors, IPatients patients, IPmr pmr)
        EIP712("wardnet", "1")
    {
        HOSPITALS = hospitals;
        DOCTORS = doctors;
        PATIENTS = patients;
        PMR = pmr;
    }

    /// An active doctor gives a device out: it measures the patient of a record, for that record.
    function bindDevice(address device, uint256 pmrId, uint64 hospitalId) external {
        uint64 doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        require(PMR.entryCount(pmrId) != 0, RecordUnknown(pmrId));
        require(PMR.erasedAt(pmrId) == 0, RecordErased());
        require(_isFit(device), DeviceUnfit());
        Binding storage b = _bindings[device];
        require(b.pmrId == 0, DeviceTaken());
        uint32 next = b.next;
        _bindings[device] = Binding(msg.sender, uint96(pmrId), hospitalId, next);
        emit DeviceBound(device, _patientIdOf(pmrId), pmrId, doctorId, hospitalId, next);
    }

    /// The patient or the hospital that gave it out ends a binding; the device can then be bound
    /// anew, and goes on counting where it was.
    function unbind(address device) external {
        Binding storage b = _bindings[device];
        uint256 pmrId = b.pmrId;
        require(pmrId != 0, DeviceUnknown());
        uint64 patientId = _patientIdOf(pmrId);
        if (msg.sender != PATIENTS.accountOf(patientId)) _requireHospital(b.hospitalId);
        _bindings[device] = Binding(address(0), 0, 0, b.next);
        emit DeviceUnbound(device, patientId, pmrId);
    }

    /// A bound device files readings `firstSequence` .. `firstSequence + count - 1`.  The entry
    /// stands under the doctor who gave the device out: who is suspended writes through no device.
    function fileReadings(
        uint32 firstSequence,
        uint32 count,
        bytes32 root,
        Content calldata content
    ) external returns (uint256 batchId) {
        Binding storage b = _bindings[msg.sender];
        (uint96 pmrId, uint64 hospitalId) = (b.pmrId, b.hospitalId);
        require(pmrId != 0, DeviceUnknown());
        require(firstSequence == b.next, SequenceNotNext(b.next));
        require(count != 0 && count <= BATCH_READINGS_MAX, BatchSize());
        require(root != 0, FieldMissing());
        uint64 doctorId = DOCTORS.requireWriter(b.doctor, hospitalId);
        b.next = firstSequence + count;
        uint256 index = PMR.fileEntry(pmrId, doctorId, hospitalId, Kind.Iomt, content);
        batchId = (uint256(uint160(msg.sender)) << 32) | firstSequence;
        _batches[batchId] = Batch(root, pmrId, hospitalId, count, uint24(index));
        emit ReadingsFiled(batchId, pmrId, msg.sender, firstSequence, count, root, index);
    }

    /// The device, while it is bound to this patient, or the hospital that gave it out tells of a
    /// reading.  What was filed may be told of whatever has become of the doctor's licence since.
    function raiseAlert(
        uint256 batchId,
        Shown calldata reading,
        bytes32[] calldata proof,
        bytes32 reason
    ) external {
        Batch storage b = _batches[batchId];
        require(b.root != 0, BatchUnknown());
        uint256 pmrId = b.pmrId;
        uint64 patientId = _patientIdOf(pmrId);
        address device = address(uint160(batchId >> 32));
        if (msg.sender != device) _requireHospital(b.hospitalId);
        else require(patientOf(device) == patientId, DeviceUnknown());
        require(PMR.erasedAt(pmrId) == 0, RecordErased());
        require(reason != 0, ReasonMissing());
        require(_holds(batchId, device, reading, proof), ReadingUnknown());
        _markAlerted(device, reading.sequence);
        emit AlertRaised(patientId, device, batchId, reading.sequence, reading.kind, reason);
    }

    /// The Patient-ID that a device is bound to, 0 for none.
    function patientOf(address device) public view returns (uint64) {
        return _patientIdOf(_bindings[device].pmrId);
    }

    /// `doctor`, `pmrId` and `hospitalId` are 0 for a device that is not bound.
    function bindingOf(address device)
        external
        view
        returns (address doctor, uint256 pmrId, uint64 hospitalId, uint32 nextSequence)
    {
        Binding storage b = _bindings[device];
        return (b.doctor, b.pmrId, b.hospitalId, b.next);
    }

    /// A batch is named by its device and its first sequence: device << 32 | first.
    function batchOf(uint256 batchId)
        external
        view
        returns (
            bytes32 root,
            uint256 pmrId,
            uint64 hospitalId,
            uint32 count,
            uint32 entryIndex
        )
    {
        Batch storage b = _batches[batchId];
        return (b.root, b.pmrId, b.hospitalId, b.count, b.entryIndex);
    }

    /// Whether a leaf stands in a batch.
    function isReading(uint256 batchId, bytes32 leaf, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        bytes32 root = _batches[batchId].root;
        return root != 0 && MerkleProof.verifyCalldata(proof, root, leaf);
    }

    function isAlerted(address device, uint32 sequence) external view returns (bool) {
        return _alerted[device][sequence >> 8] & (1 << (sequence & 0xff)) != 0;
    }

    function leafOf(address device, Shown calldata r) public view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(READING_TYPEHASH, device, r.sequence, r.time, r.kind, r.measure)
        );
        return keccak256(abi.encode(_hashTypedDataV4(structHash)));
    }

    /// A device is nobody else: no patient, doctor or hospital, and no contract, which signs not.
    function _isFit(address device) private view returns (bool) {
        return device != address(0) && device.code.length == 0 && PATIENTS.idOf(device) == 0
            && DOCTORS.idOf(device) == 0 && HOSPITALS.idOf(device) == 0;
    }

    function _holds(
        uint256 batchId,
        address device,
        Shown calldata reading,
        bytes32[] calldata proof
    ) private view returns (bool) {
        Batch storage b = _batches[batchId];
        uint256 first = uint32(batchId);
        return reading.sequence >= first && reading.sequence < first + b.count
            && MerkleProof.verifyCalldata(proof, b.root, leafOf(device, reading));
    }

    function _markAlerted(address device, uint32 sequence) private {
        uint256 bits = _alerted[device][sequence >> 8];
        uint256 bit = 1 << (sequence & 0xff);
        require(bits & bit == 0, AlreadyAlerted());
        _alerted[device][sequence >> 8] = bits | bit;
    }

    function _requireHospital(uint64 hospitalId) private view {
        require(HOSPITALS.requireVerified(msg.sender) == hospitalId, NotDeviceHospital());
    }

    function _patientIdOf(uint256 pmrId) private pure returns (uint64) {
        return uint64(pmrId / DATE_FACTOR); // the mint has checked the range
    }
}
