// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Dates} from "./Dates.sol";
import {
    EntryLimit,
    EntryUnknown,
    GrantNotActive,
    NotFiler,
    NotPatient,
    PatientUnknown,
    RecordErased,
    RecordUnknown,
    RetentionRunning,
    SettingOutOfRange,
    TokenLocked
} from "./Errors.sol";
import {IConsents, IDoctors, IPatients, IPmrEntries} from "./Interfaces.sol";
import {Checks, Content, Entry, Kind} from "./Types.sol";

/// The rules of records, whatever token stands for them.  Who extends this keeps the tokens.
/// Entries are only ever added; what was written stays.  An erased record keeps its entries, which
/// name what custodians have destroyed, and takes no more.
abstract contract PmrEntries is IPmrEntries {
    /// `head` is packed by hand, since the compiler would write it field by field:
    /// doctorId 64 | hospitalId 64 | time 40 | kind 8 | codec 8 | marked 8 | count 24 |
    /// erased at 40, lowest first.
    /// Of entry 0 the last two are the token's entries, and since when it is erased (0 = not),
    /// which so need no slot of their own.  A later entry has there which entry it is about, plus
    /// one; 0 = none.  Entry 0 is about none.
    struct Stored {
        uint256 head;
        bytes32 digest;
        bytes32 commitment;
    }

    event EntryAdded(
        uint256 indexed pmrId,
        uint64 indexed doctorId,
        uint64 indexed hospitalId,
        uint256 index,
        uint8 kind,
        uint8 codec,
        bytes32 digest,
        bytes32 commitment
    );
    event EntryMarked(uint256 indexed pmrId, uint256 index, uint256 by);
    event Erased(uint256 indexed pmrId, bytes32 basis, uint64 at);

    uint256 internal constant DATE_FACTOR = 10 ** 8;
    int32 private constant UTC_OFFSET_SECONDS_MAX = 14 hours;
    uint64 private constant RETENTION_SECONDS_MAX = 36_500 days;
    uint256 private constant AT_HOSPITAL = 64;
    uint256 private constant AT_TIME = 128;
    uint256 internal constant AT_KIND = 168;
    uint256 private constant AT_CODEC = 176;
    uint256 internal constant AT_MARKED = 184;
    uint256 private constant AT_COUNT = 192;
    uint256 private constant AT_ERASED = 216;

    int32 public immutable utcOffsetSeconds;
    uint64 public immutable retentionSeconds;
    /// The retention time runs from the first entry of a record, else from its newest.
    bool public immutable retentionFromCommencement;
    IDoctors internal immutable DOCTORS;
    IPatients private immutable PATIENTS;
    IConsents private immutable CONSENTS;
    address private immutable LABS;
    address private immutable DEVICES;
    address private immutable INSURANCE;
    mapping(uint256 pmrId => mapping(uint256 index => Stored)) private _entries;

    constructor(
        IDoctors doctors,
        IPatients patients,
        address labs,
        address devices,
        address insurance,
        IConsents consents,
        int32 offsetSeconds,
        uint64 retention,
        bool fromCommencement
    ) {
        require(
            offsetSeconds >= -UTC_OFFSET_SECONDS_MAX && offsetSeconds <= UTC_OFFSET_SECONDS_MAX,
            SettingOutOfRange()
        );
        require(retention <= RETENTION_SECONDS_MAX, SettingOutOfRange());
        DOCTORS = doctors;
        PATIENTS = patients;
        LABS = labs;
        DEVICES = devices;
        INSURANCE = insurance;
        CONSENTS = consents;
        utcOffsetSeconds = offsetSeconds;
        retentionSeconds = retention;
        retentionFromCommencement = fromCommencement;
    }

    /// Writes a visit of the PMR-ID's date; the first of a day mints the token.
    function consult(uint256 pmrId, uint64 hospitalId, Content calldata content) external {
        uint64 doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        Dates.requireNear(pmrId % DATE_FACTOR, utcOffsetSeconds);
        if (_entries[pmrId][0].head == 0) {
            uint256 patientId = pmrId / DATE_FACTOR;
            require(patientId <= type(uint64).max, PatientUnknown());
            address patient = PATIENTS.accountOf(uint64(patientId));
            require(patient != address(0), PatientUnknown());
            _mintRecord(pmrId, patient);
        }
        _append(pmrId, doctorId, hospitalId, Kind.Consultation, 0, content);
    }

    /// Writes a second opinion; the doctor needs an active grant of the patient.
    function addSecondOpinion(uint256 pmrId, uint64 hospitalId, Content calldata content)
        external
    {
        uint64 doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        _requireRecord(pmrId);
        uint64 minted = mintedAt(pmrId);
        bool allowed = CONSENTS.isAllowedFor(msg.sender, pmrId, minted, block.timestamp);
        require(allowed, GrantNotActive());
        _append(pmrId, doctorId, hospitalId, Kind.SecondOpinion, 0, content);
    }

    /// Writes an entry of a kind that belongs to one registry; only that registry may.
    function fileEntry(
        uint256 pmrId,
        uint64 doctorId,
        uint64 hospitalId,
        Kind kind,
        Content calldata content
    ) external returns (uint256 index) {
        require(msg.sender == _filerOf(kind), NotFiler());
        _requireRecord(pmrId);
        return _append(pmrId, doctorId, hospitalId, kind, 0, content);
    }

    /// Lets a token follow its patient to the account of a recovery; for anybody to call.
    function claim(uint256 pmrId) external {
        address patient = patientOf(pmrId);
        require(patient != ownerOf(pmrId), TokenLocked());
        _moveRecord(pmrId, patient);
    }

    /// Erases a record: custodians then destroy its shares.  Inside the retention time the patient
    /// must name a legal basis.
    function erase(uint256 pmrId, bytes32 basis) external {
        require(msg.sender == patientOf(pmrId), NotPatient());
        uint256 head = _entries[pmrId][0].head;
        require(head >> AT_ERASED == 0, RecordErased());
        uint256 until = retainedUntil(pmrId);
        require(basis != 0 || block.timestamp >= until, RetentionRunning(until));
        _entries[pmrId][0].head = head | (block.timestamp << AT_ERASED);
        emit Erased(pmrId, basis, uint64(block.timestamp));
    }

    function entries(uint256 pmrId) external view returns (Entry[] memory list) {
        list = new Entry[](entryCount(pmrId));
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _entry(pmrId, i);
        }
    }

    function entry(uint256 pmrId, uint256 index) external view returns (Entry memory) {
        require(index < entryCount(pmrId), EntryUnknown());
        return _entry(pmrId, index);
    }

    function entryCount(uint256 pmrId) public view returns (uint256) {
        return uint24(_entries[pmrId][0].head >> AT_COUNT);
    }

    /// From this block time on a record is erased without a legal basis.
    function retainedUntil(uint256 pmrId) public view returns (uint256) {
        _requireRecord(pmrId);
        uint256 index = retentionFromCommencement ? 0 : entryCount(pmrId) - 1;
        return uint40(_entries[pmrId][index].head >> AT_TIME) + uint256(retentionSeconds);
    }

    /// Block time of the erasure, 0 for a record that stands.
    function erasedAt(uint256 pmrId) public view returns (uint64) {
        return uint40(_entries[pmrId][0].head >> AT_ERASED);
    }

    /// Who speaks for a record: the patient's account.  After a recovery that is at once the new
    /// one, while the token still waits for its `claim`; the old key must not act meanwhile.
    function patientOf(uint256 pmrId) public view returns (address) {
        _requireRecord(pmrId);
        return PATIENTS.accountOf(uint64(pmrId / DATE_FACTOR)); // the mint has checked the range
    }

    /// Block time of the mint, 0 for a token that does not exist.
    function mintedAt(uint256 pmrId) public view returns (uint64) {
        return uint40(_entries[pmrId][0].head >> AT_TIME);
    }

    function ownerOf(uint256 pmrId) public view virtual returns (address);

    /// Makes the tokens of a new record its patient's.
    function _mintRecord(uint256 pmrId, address patient) internal virtual;

    /// Lets all tokens of a record go to another account.
    function _moveRecord(uint256 pmrId, address patient) internal virtual;

    /// Takes note of one more entry of a kind.
    function _entryAdded(uint256 pmrId, Kind kind) internal virtual;

    function _requireRecord(uint256 pmrId) internal view {
        require(_entries[pmrId][0].head != 0, RecordUnknown(pmrId));
    }

    function _head(uint256 pmrId, uint256 index) internal view returns (uint256) {
        require(index < entryCount(pmrId), EntryUnknown());
        return _entries[pmrId][index].head;
    }

    function _mark(uint256 pmrId, uint256 index, uint256 by) internal {
        _entries[pmrId][index].head |= 1 << AT_MARKED;
        emit EntryMarked(pmrId, index, by);
    }

    function _filerOf(Kind kind) private view returns (address) {
        if (kind == Kind.Lab) return LABS;
        if (kind == Kind.Iomt) return DEVICES;
        return kind == Kind.Insurance ? INSURANCE : address(0);
    }

    function _append(
        uint256 pmrId,
        uint64 doctorId,
        uint64 hospitalId,
        Kind kind,
        uint256 about,
        Content calldata content
    ) internal returns (uint256 index) {
        Checks.content(content);
        mapping(uint256 => Stored) storage list = _entries[pmrId];
        uint256 first = list[0].head;
        require(first >> AT_ERASED == 0, RecordErased());
        index = first >> AT_COUNT;
        uint256 head = doctorId | (uint256(hospitalId) << AT_HOSPITAL)
            | (block.timestamp << AT_TIME) | (uint256(kind) << AT_KIND)
            | (uint256(content.codec) << AT_CODEC);
        if (index == 0) {
            head |= 1 << AT_COUNT;
        } else {
            require(index < type(uint24).max, EntryLimit());
            list[0].head = first + (1 << AT_COUNT);
            head |= about << AT_COUNT;
        }
        Stored storage place = list[index];
        place.head = head;
        place.digest = content.digest;
        place.commitment = content.commitment;
        emit EntryAdded(
            pmrId,
            doctorId,
            hospitalId,
            index,
            uint8(kind),
            content.codec,
            content.digest,
            content.commitment
        );
        _entryAdded(pmrId, kind);
    }

    function _entry(uint256 pmrId, uint256 index) private view returns (Entry memory) {
        Stored storage s = _entries[pmrId][index];
        uint256 head = s.head;
        return Entry(
            uint64(head),
            uint64(head >> AT_HOSPITAL),
            uint40(head >> AT_TIME),
            uint8(head >> AT_KIND),
            uint8(head >> AT_MARKED) != 0,
            index == 0 ? 0 : uint24(head >> AT_COUNT),
            Content(s.commitment, uint8(head >> AT_CODEC), s.digest)
        );
    }
}
