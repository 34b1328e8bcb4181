// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AffiliationLimit,
    DoctorNotActive,
    DoctorUnknown,
    DuplicateRegistration,
    FieldMissing,
    HospitalNotVerified,
    NotGovernment
} from "./Errors.sol";
import {IDoctors, IHospitals} from "./Interfaces.sol";
import {Checks} from "./Types.sol";

/// Doctors: one record per registration number in the whole network.
contract DoctorRegistry is IDoctors {
    event DoctorOnboarded(
        uint64 indexed doctorId,
        address indexed account,
        bytes32 indexed registration,
        uint64 hospitalId,
        string name,
        string specialisation,
        string contact,
        bytes32 key
    );
    event DoctorAffiliated(uint64 indexed doctorId, uint64 indexed hospitalId);
    event DoctorSuspended(uint64 indexed doctorId, uint64 until);
    event KeyChanged(address indexed account, bytes32 key);

    uint256 private constant AFFILIATIONS_MAX = 16;

    // a licence: Doctor-ID 64 | Hospital-ID that onboarded the doctor 64 | suspendedUntil 64,
    // lowest first; the last is block time in seconds, exclusive, and 2**64-1 means for good
    uint256 private constant AT_HOME = 64;
    uint256 private constant AT_SUSPENDED = 128;

    address private immutable GOVERNMENT;
    IHospitals private immutable HOSPITALS;
    uint64 public doctorCount;
    mapping(bytes32 registration => uint64) public idByRegistration;
    mapping(address account => uint256 licence) private _licences;
    mapping(uint64 doctorId => address) private _accounts;
    mapping(address account => bytes32) private _keys; // X25519
    mapping(uint64 doctorId => uint64[]) private _further; // affiliations after the first

    constructor(address government, IHospitals hospitals) {
        GOVERNMENT = government;
        HOSPITALS = hospitals;
    }

    function onboard(
        address account,
        bytes32 registration,
        string calldata name,
        string calldata specialisation,
        string calldata contact,
        bytes32 key
    ) external returns (uint64 doctorId) {
        uint64 hospitalId = HOSPITALS.requireVerified(msg.sender);
        Checks.registration(registration);
        require(account != address(0) && key != 0 && bytes(name).length != 0, FieldMissing());
        uint64 existing = idByRegistration[registration];
        require(existing == 0, DuplicateRegistration(existing));
        existing = uint64(_licences[account]);
        require(existing == 0, DuplicateRegistration(existing));

        doctorId = ++doctorCount;
        idByRegistration[registration] = doctorId;
        _licences[account] = doctorId | (uint256(hospitalId) << AT_HOME);
        _accounts[doctorId] = account;
        _keys[account] = key;
        emit DoctorOnboarded(
            doctorId, account, registration, hospitalId, name, specialisation, contact, key
        );
        emit DoctorAffiliated(doctorId, hospitalId);
    }

    /// A Verified hospital adds a doctor of another hospital to its own.
    function affiliate(uint64 doctorId) external {
        uint64 hospitalId = HOSPITALS.requireVerified(msg.sender);
        address account = _accounts[doctorId];
        require(account != address(0), DoctorUnknown());
        require(!_worksFor(_licences[account], hospitalId), DuplicateRegistration(doctorId));
        require(_further[doctorId].length + 1 < AFFILIATIONS_MAX, AffiliationLimit());
        _further[doctorId].push(hospitalId);
        emit DoctorAffiliated(doctorId, hospitalId);
    }

    function setKey(bytes32 key) external {
        require(key != 0, FieldMissing());
        require(_licences[msg.sender] != 0, DoctorUnknown());
        _keys[msg.sender] = key;
        emit KeyChanged(msg.sender, key);
    }

    /// The council's sanction; `until` 0 lifts it.
    function suspend(uint64 doctorId, uint64 until) external {
        require(msg.sender == GOVERNMENT, NotGovernment());
        address account = _accounts[doctorId];
        require(account != address(0), DoctorUnknown());
        uint256 rest = _licences[account] & type(uint128).max;
        _licences[account] = rest | (uint256(until) << AT_SUSPENDED);
        emit DoctorSuspended(doctorId, until);
    }

    function doctor(uint64 doctorId)
        external
        view
        returns (address account, uint64 home, uint64 suspendedUntil, bytes32 key)
    {
        account = _accounts[doctorId];
        uint256 d = _licences[account];
        return (account, uint64(d >> AT_HOME), uint64(d >> AT_SUSPENDED), _keys[account]);
    }

    function idOf(address account) external view returns (uint64) {
        return uint64(_licences[account]);
    }

    function affiliations(uint64 doctorId) external view returns (uint64[] memory hospitalIds) {
        address account = _accounts[doctorId];
        if (account == address(0)) return hospitalIds;
        uint64[] storage further = _further[doctorId];
        hospitalIds = new uint64[](further.length + 1);
        hospitalIds[0] = uint64(_licences[account] >> AT_HOME);
        for (uint256 i = 0; i < further.length; ++i) {
            hospitalIds[i + 1] = further[i];
        }
    }

    /// Whether the account is a doctor, not suspended, and works for a Verified hospital.
    function isActive(address account) external view returns (bool) {
        uint256 d = _licences[account];
        if (!_isLicensed(d)) return false;
        if (HOSPITALS.isVerified(uint64(d >> AT_HOME))) return true;
        uint64[] storage further = _further[uint64(d)];
        for (uint256 i = 0; i < further.length; ++i) {
            if (HOSPITALS.isVerified(further[i])) return true;
        }
        return false;
    }

    /// The Doctor-ID of an account that may write for a hospital now.
    function requireWriter(address account, uint64 hospitalId) external view returns (uint64) {
        uint256 d = _licences[account];
        require(_isLicensed(d) && _worksFor(d, hospitalId), DoctorNotActive());
        require(HOSPITALS.isVerified(hospitalId), HospitalNotVerified());
        return uint64(d);
    }

    function _isLicensed(uint256 d) private view returns (bool) {
        return d != 0 && block.timestamp >= d >> AT_SUSPENDED;
    }

    function _worksFor(uint256 d, uint64 hospitalId) private view returns (bool) {
        if (uint64(d >> AT_HOME) == hospitalId) return true;
        uint64[] storage further = _further[uint64(d)];
        for (uint256 i = 0; i < further.length; ++i) {
            if (further[i] == hospitalId) return true;
        }
        return false;
    }
}
