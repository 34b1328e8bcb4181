// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Content, Entry, Kind} from "./Types.sol";

// What the contracts ask of each other.

interface IHospitals {
    function verify(address account) external returns (uint64 hospitalId);
    function suspend(address account) external returns (uint64 hospitalId);
    function revoke(address account) external returns (uint64 hospitalId);
    function requireVerified(address account) external view returns (uint64 hospitalId);
    function idOf(address account) external view returns (uint64 hospitalId);
    function isVerified(uint64 hospitalId) external view returns (bool);
    function isActive(address account) external view returns (bool);
}

interface IGovernment {
    function isMember(address account) external view returns (bool);
}

interface IDoctors {
    function suspend(uint64 doctorId, uint64 until) external;
    function idOf(address account) external view returns (uint64 doctorId);
    function requireWriter(address account, uint64 hospitalId)
        external
        view
        returns (uint64 doctorId);
    function isActive(address account) external view returns (bool);
}

/// Insurers and researchers: listed and struck off by the authority.
interface IParties {
    function list(address account) external;
    function strike(address account) external;
    function isActive(address account) external view returns (bool);
}

interface IPatients {
    function idOf(address account) external view returns (uint64 patientId);
    function accountOf(uint64 patientId) external view returns (address account);
    function patient(uint64 patientId)
        external
        view
        returns (address account, uint64 hospitalId, bytes32 key);
}

interface IPmr {
    function patientOf(uint256 pmrId) external view returns (address account);
    function mintedAt(uint256 pmrId) external view returns (uint64 time);
    function erasedAt(uint256 pmrId) external view returns (uint64 time);
    function entryCount(uint256 pmrId) external view returns (uint256 count);
    function fileEntry(
        uint256 pmrId,
        uint64 doctorId,
        uint64 hospitalId,
        Kind kind,
        Content calldata content
    ) external returns (uint256 index);
}

/// The same for who looks at single entries.
interface IPmrEntries is IPmr {
    function entry(uint256 pmrId, uint256 index) external view returns (Entry memory);
}

interface IConsents {
    function moveWallet(address from, address to) external;
    function isAllowedFor(address grantee, uint256 pmrId, uint256 mintedAt, uint256 at)
        external
        view
        returns (bool);
}

interface IComplaints {
    function upholdComplaint(bytes32 grantId) external;
}

/// ERC-5192: Minimal Soulbound NFTs.
interface IERC5192 {
    event Locked(uint256 tokenId);
    event Unlocked(uint256 tokenId);

    function locked(uint256 tokenId) external view returns (bool);
}
