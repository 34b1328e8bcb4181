// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC721Enumerable} from
    "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {Dates} from "./Dates.sol";
import {
    EntryUnknown,
    GrantNotActive,
    NotAuthor,
    NotLabRegistry,
    PatientUnknown,
    SettingOutOfRange,
    TokenLocked
} from "./Errors.sol";
import {IConsents, IDoctors, IERC5192, IPatients, IPmr} from "./Interfaces.sol";
import {Checks, Content} from "./Types.sol";

/// One locked token per patient and visit date.  Token id = PMR-ID = Patient-ID * 10**8 + DDMMYYYY.
/// Entries are only ever added; what was written stays.
contract PmrToken is ERC721Enumerable, IERC5192, IPmr {
    enum Kind {
        None,
        Consultation,
        SecondOpinion,
        Amendment,
        Lab
    }

    struct Entry {
        uint64 doctorId;
        uint64 hospitalId;
        uint64 time;
        uint8 kind;
        bool marked;
        Content content;
    }

    struct Stored {
        uint64 doctorId;
        uint64 hospitalId;
        uint40 time; // block time in seconds
        Kind kind;
        uint8 codec;
        bool marked;
        uint24 count; // in entry 0 only: how many entries the token has (no slot of its own)
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

    uint256 private constant DATE_FACTOR = 10 ** 8;
    int32 private constant UTC_OFFSET_SECONDS_MAX = 14 hours;

    int32 public immutable utcOffsetSeconds;
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    IConsents private immutable CONSENTS;
    address private immutable LABS;
    mapping(uint256 pmrId => mapping(uint256 index => Stored)) private _entries;

    constructor(
        IDoctors doctors,
        IPatients patients,
        address labs,
        IConsents consents,
        int32 offsetSeconds
    ) ERC721("wardnet patient medical record", "PMR") {
        require(
            offsetSeconds >= -UTC_OFFSET_SECONDS_MAX && offsetSeconds <= UTC_OFFSET_SECONDS_MAX,
            SettingOutOfRange()
        );
        DOCTORS = doctors;
        PATIENTS = patients;
        LABS = labs;
        CONSENTS = consents;
        utcOffsetSeconds = offsetSeconds;
    }

    /// Writes a visit of the PMR-ID's date; the first of a day mints the token.
    function consult(uint256 pmrId, uint64 hospitalId, Content calldata content) external {
        uint64 doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        Dates.requireNear(pmrId % DATE_FACTOR, utcOffsetSeconds);
        if (_entries[pmrId][0].count == 0) {
            uint256 patientId = pmrId / DATE_FACTOR;
            require(patientId <= type(uint64).max, PatientUnknown());
            address patient = PATIENTS.accountOf(uint64(patientId));
            require(patient != address(0), PatientUnknown());
            _mint(patient, pmrId);
            emit Locked(pmrId);
        }
        _append(pmrId, doctorId, hospitalId, Kind.Consultation, content);
    }

    /// Writes a second opinion; the doctor needs an active grant of the patient.
    function addSecondOpinion(uint256 pmrId, uint64 hospitalId, Content calldata content)
        external
    {
        uint64 doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        address patient = _requireOwned(pmrId);
        bool allowed = CONSENTS.isAllowedFor(
            patient, msg.sender, pmrId, _entries[pmrId][0].time, block.timestamp
        );
        require(allowed, GrantNotActive());
        _append(pmrId, doctorId, hospitalId, Kind.SecondOpinion, content);
    }

    /// Writes an amendment of one's own entry, which stays and is marked.
    function amend(uint256 pmrId, uint256 index, uint64 hospitalId, Content calldata content)
        external
    {
        uint64 doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        require(index < _entries[pmrId][0].count, EntryUnknown());
        Stored storage old = _entries[pmrId][index];
        // a lab entry names the doctor who ordered it, who is not its author
        require(old.doctorId == doctorId && old.kind != Kind.Lab, NotAuthor());
        old.marked = true;
        uint256 by = _append(pmrId, doctorId, hospitalId, Kind.Amendment, content);
        emit EntryMarked(pmrId, index, by);
    }

    /// Writes the entry of a filed study; only the LabRegistry may.
    function fileLab(uint256 pmrId, uint64 doctorId, uint64 hospitalId, Content calldata content)
        external
        returns (uint256 index)
    {
        require(msg.sender == LABS, NotLabRegistry());
        _requireOwned(pmrId);
        return _append(pmrId, doctorId, hospitalId, Kind.Lab, content);
    }

    function entries(uint256 pmrId) external view returns (Entry[] memory list) {
        list = new Entry[](_entries[pmrId][0].count);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _entry(pmrId, i);
        }
    }

    function entry(uint256 pmrId, uint256 index) external view returns (Entry memory) {
        require(index < _entries[pmrId][0].count, EntryUnknown());
        return _entry(pmrId, index);
    }

    function entryCount(uint256 pmrId) external view returns (uint256) {
        return _entries[pmrId][0].count;
    }

    /// Block time of the mint, 0 for a token that does not exist.
    function mintedAt(uint256 pmrId) external view returns (uint64) {
        return _entries[pmrId][0].time;
    }

    function locked(uint256 pmrId) external view returns (bool) {
        _requireOwned(pmrId);
        return true;
    }

    function ownerOf(uint256 pmrId) public view override(ERC721, IERC721, IPmr) returns (address) {
        return super.ownerOf(pmrId);
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC5192).interfaceId || super.supportsInterface(interfaceId);
    }

    /// Nobody can move a token, so nobody can be allowed to.
    function approve(address, uint256) public pure override(ERC721, IERC721) {
        revert TokenLocked();
    }

    function setApprovalForAll(address, bool) public pure override(ERC721, IERC721) {
        revert TokenLocked();
    }

    /// Every change of owner passes here; only a mint does not start from an owner.
    function _update(address to, uint256 pmrId, address auth) internal override returns (address) {
        require(_ownerOf(pmrId) == address(0), TokenLocked());
        return super._update(to, pmrId, auth);
    }

    function _append(
        uint256 pmrId,
        uint64 doctorId,
        uint64 hospitalId,
        Kind kind,
        Content calldata content
    ) private returns (uint256 index) {
        Checks.content(content);
        mapping(uint256 => Stored) storage list = _entries[pmrId];
        index = list[0].count;
        list[index] = Stored(
            doctorId,
            hospitalId,
            uint40(block.timestamp),
            kind,
            content.codec,
            false,
            index == 0 ? 1 : 0,
            content.digest,
            content.commitment
        );
        if (index != 0) list[0].count = uint24(index) + 1;
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
    }

    function _entry(uint256 pmrId, uint256 index) private view returns (Entry memory) {
        Stored storage s = _entries[pmrId][index];
        Content memory content = Content(s.commitment, s.codec, s.digest);
        return Entry(s.doctorId, s.hospitalId, s.time, uint8(s.kind), s.marked, content);
    }
}
