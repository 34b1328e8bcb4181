// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC721Enumerable} from
    "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {Amendments} from "./Amendments.sol";
import {TokenLocked} from "./Errors.sol";
import {IConsents, IDoctors, IERC5192, IPatients} from "./Interfaces.sol";
import {PmrEntries} from "./PmrEntries.sol";
import {Kind} from "./Types.sol";

/// One locked token per patient and visit date.  Token id = PMR-ID = Patient-ID * 10**8 + DDMMYYYY.
contract PmrToken is ERC721Enumerable, Amendments, IERC5192 {
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
        ERC721("wardnet patient medical record", "PMR")
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

    function locked(uint256 pmrId) external view returns (bool) {
        _requireOwned(pmrId);
        return true;
    }

    function ownerOf(uint256 pmrId)
        public
        view
        override(ERC721, IERC721, PmrEntries)
        returns (address)
    {
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

    /// Every change of owner but `claim` passes here; only a mint does not start from an owner.
    function _update(address to, uint256 pmrId, address auth) internal override returns (address) {
        require(_ownerOf(pmrId) == address(0), TokenLocked());
        return super._update(to, pmrId, auth);
    }

    function _mintRecord(uint256 pmrId, address patient) internal override {
        _mint(patient, pmrId);
        emit Locked(pmrId);
    }

    function _moveRecord(uint256 pmrId, address patient) internal override {
        super._update(patient, pmrId, address(0)); // past the own one, which refuses every move
    }

    /// Entries have no tokens of their own here.
    function _entryAdded(uint256 pmrId, Kind kind) internal override {}
}
