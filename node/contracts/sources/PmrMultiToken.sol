// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {Amendments} from "./Amendments.sol";
import {EntryLimit, RecordUnknown, TokenLocked, VisitUnknown} from "./Errors.sol";
import {IConsents, IDoctors, IERC5192, IPatients} from "./Interfaces.sol";
import {PmrEntries} from "./PmrEntries.sol";
import {Kind} from "./Types.sol";

/// Records as ERC-1155, several kinds in one contract, by the same rules as `PmrToken`.
///
/// A visit's token id is its PMR-ID, of which there is exactly one.  Beside it stand its entries
/// by kind, with id = kind << 128 | PMR-ID and one unit for each entry of that kind: a wallet that
/// knows ERC-1155 alone sees how many laboratory reports a visit has.
///
/// All tokens of a record have one owner for good, so one word keeps them: the owner, and how many
/// entries there are of each kind.  A balance is read from it.  OpenZeppelin's balances, one slot
/// for each account and id, would cost two slots more at a mint, another for the first entry of
/// each kind, and up to seven moves after a recovery.
///
/// ERC-1155 cannot list a patient's tokens.  The visits of a Patient-ID can be: eight dates to a
/// slot, which a recovery leaves where they are.
///
/// No receiver is asked whether it takes a token: the doctor writes a visit down whether or not
/// the patient's account is a contract, and such a contract must not stop that or be called in the
/// middle of it.
contract PmrMultiToken is ERC1155, Amendments, IERC5192 {
    uint256 private constant KIND_SHIFT = 128;
    uint256 private constant COUNT_BITS = 16;
    uint256 private constant OWNER_BITS = 160;

    /// owner 160 | entries of kind 1 to 6, 16 bits each, lowest first.
    mapping(uint256 pmrId => uint256) private _words;
    /// DDMMYYYY in order of minting; with the Patient-ID in front they are PMR-IDs.
    mapping(uint256 patientId => uint32[]) private _visits;

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
    )
        ERC1155("urn:wardnet:pmr:{id}")
        PmrEntries(
            doctors,
            patients,
            labs,
            devices,
            insurance,
            consents,
            offsetSeconds,
            retention,
            fromCommencement
        )
    {}

    function locked(uint256 id) external view returns (bool) {
        require(totalSupply(id) != 0, RecordUnknown(id));
        return true;
    }

    /// How many units of an id there are: 1 of a visit, one for each entry of a kind.
    function totalSupply(uint256 id) public view returns (uint256) {
        uint256 word = _words[uint128(id)];
        uint256 kind = id >> KIND_SHIFT;
        if (kind == 0) return word == 0 ? 0 : 1;
        return kind > uint256(type(Kind).max) ? 0 : _count(word, kind);
    }

    function balanceOf(address account, uint256 id) public view override returns (uint256) {
        return account == _ownerIn(_words[uint128(id)]) ? totalSupply(id) : 0;
    }

    function ownerOf(uint256 pmrId) public view override returns (address owner) {
        owner = _ownerIn(_words[pmrId]);
        require(owner != address(0), RecordUnknown(pmrId));
    }

    function visitCount(uint64 patientId) external view returns (uint256) {
        return _visits[patientId].length;
    }

    /// The PMR-ID at a place in a patient's visits, in order of minting.
    function visitAt(uint64 patientId, uint256 place) external view returns (uint256 pmrId) {
        uint32[] storage visits = _visits[patientId];
        require(place < visits.length, VisitUnknown());
        return patientId * DATE_FACTOR + visits[place];
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC5192).interfaceId || super.supportsInterface(interfaceId);
    }

    /// Nobody can move a token, so nobody can be allowed to.
    function setApprovalForAll(address, bool) public pure override {
        revert TokenLocked();
    }

    function safeTransferFrom(address, address, uint256, uint256, bytes memory)
        public
        pure
        override
    {
        revert TokenLocked();
    }

    function safeBatchTransferFrom(
        address,
        address,
        uint256[] memory,
        uint256[] memory,
        bytes memory
    ) public pure override {
        revert TokenLocked();
    }

    function _mintRecord(uint256 pmrId, address patient) internal override {
        _words[pmrId] = uint160(patient);
        _visits[pmrId / DATE_FACTOR].push(uint32(pmrId % DATE_FACTOR));
        emit TransferSingle(msg.sender, address(0), patient, pmrId, 1);
        emit Locked(pmrId);
    }

    /// One word moves, and one event tells of all ids that do.
    function _moveRecord(uint256 pmrId, address patient) internal override {
        uint256 word = _words[pmrId];
        uint256 kinds = uint256(type(Kind).max);
        uint256 held = 1;
        for (uint256 kind = 1; kind <= kinds; ++kind) {
            if (_count(word, kind) != 0) ++held;
        }
        uint256[] memory ids = new uint256[](held);
        uint256[] memory values = new uint256[](held);
        (ids[0], values[0]) = (pmrId, 1);
        uint256 at = 1;
        for (uint256 kind = 1; kind <= kinds; ++kind) {
            uint256 count = _count(word, kind);
            if (count == 0) continue;
            (ids[at], values[at]) = (_idOf(pmrId, kind), count);
            ++at;
        }
        _words[pmrId] = ((word >> OWNER_BITS) << OWNER_BITS) | uint160(patient);
        emit TransferBatch(msg.sender, _ownerIn(word), patient, ids, values);
    }

    /// An entry's unit goes to who has the visit's token, also while that waits for a claim.
    function _entryAdded(uint256 pmrId, Kind kind) internal override {
        uint256 word = _words[pmrId];
        uint256 count = _count(word, uint256(kind));
        require(count < type(uint16).max, EntryLimit());
        _words[pmrId] = word + (1 << _place(uint256(kind)));
        uint256 id = _idOf(pmrId, uint256(kind));
        emit TransferSingle(msg.sender, address(0), _ownerIn(word), id, 1);
        if (count == 0) emit Locked(id);
    }

    function _idOf(uint256 pmrId, uint256 kind) private pure returns (uint256) {
        return (kind << KIND_SHIFT) | pmrId;
    }

    function _ownerIn(uint256 word) private pure returns (address) {
        return address(uint160(word));
    }

    function _count(uint256 word, uint256 kind) private pure returns (uint256) {
        return uint16(word >> _place(kind));
    }

    function _place(uint256 kind) private pure returns (uint256) {
        return OWNER_BITS + (kind - 1) * COUNT_BITS;
    }
}
