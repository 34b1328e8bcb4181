// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    DuplicateRegistration,
    FieldMissing,
    HospitalNotVerified,
    HospitalStatusWrong,
    NotGovernment
} from "./Errors.sol";
import {IHospitals} from "./Interfaces.sol";
import {Checks} from "./Types.sol";

/// Applications and Hospital-IDs.  A hospital is its account; only the authority changes a status.
contract HospitalRegistry is IHospitals {
    enum Status {
        Unknown,
        Applied,
        Verified,
        Suspended,
        Revoked
    }

    struct Application {
        uint64 id; // 0 until the first verification
        Status status; // the same as in the licence: either key finds it in one slot
        bytes32 registration; // 0 = never applied, or turned down
        bytes32 custodyKey; // X25519
    }

    struct Licence {
        address account;
        Status status;
    }

    event HospitalApplied(
        address indexed account,
        bytes32 indexed registration,
        string name,
        string location,
        string specialisation,
        string contact,
        bytes32 custodyKey
    );
    event HospitalRegistered(
        uint64 indexed hospitalId,
        address indexed account,
        bytes32 indexed registration
    );
    event KeyChanged(address indexed account, bytes32 key);

    address private immutable GOVERNMENT;
    uint64 public hospitalCount;
    mapping(bytes32 registration => address) public accountByRegistration;
    mapping(address account => Application) private _applications;
    mapping(uint64 hospitalId => Licence) private _licences;

    modifier onlyGovernment() {
        require(msg.sender == GOVERNMENT, NotGovernment());
        _;
    }

    constructor(address government) {
        GOVERNMENT = government;
    }

    function submitApplication(
        bytes32 registration,
        string calldata name,
        string calldata location,
        string calldata specialisation,
        string calldata contact,
        bytes32 custodyKey
    ) external {
        Checks.registration(registration);
        require(bytes(name).length != 0 && custodyKey != 0, FieldMissing());
        Application storage own = _applications[msg.sender];
        require(own.registration == 0, DuplicateRegistration(own.id));
        address holder = accountByRegistration[registration];
        require(holder == address(0), DuplicateRegistration(_applications[holder].id));

        accountByRegistration[registration] = msg.sender;
        own.status = Status.Applied;
        own.registration = registration;
        own.custodyKey = custodyKey;
        emit HospitalApplied(
            msg.sender, registration, name, location, specialisation, contact, custodyKey
        );
    }

    function setKey(bytes32 custodyKey) external {
        require(custodyKey != 0, FieldMissing());
        Application storage own = _applications[msg.sender];
        require(own.registration != 0, HospitalStatusWrong());
        own.custodyKey = custodyKey;
        emit KeyChanged(msg.sender, custodyKey);
    }

    /// Accepts an application (and issues the Hospital-ID), or lifts a suspension.
    function verify(address account) external onlyGovernment returns (uint64 hospitalId) {
        Application storage a = _applications[account];
        if (a.status == Status.Suspended) return _setStatus(a, Status.Verified);
        require(a.status == Status.Applied, HospitalStatusWrong());
        hospitalId = ++hospitalCount;
        a.id = hospitalId;
        _licences[hospitalId].account = account;
        _setStatus(a, Status.Verified);
        emit HospitalRegistered(hospitalId, account, a.registration);
    }

    function suspend(address account) external onlyGovernment returns (uint64 hospitalId) {
        Application storage a = _applications[account];
        require(a.status == Status.Verified, HospitalNotVerified());
        return _setStatus(a, Status.Suspended);
    }

    /// Revokes for good, or turns an application down: then the registration id is free again and
    /// the account may apply anew.
    function revoke(address account) external onlyGovernment returns (uint64 hospitalId) {
        Application storage a = _applications[account];
        if (a.status == Status.Applied) {
            delete accountByRegistration[a.registration];
            delete _applications[account];
            return 0;
        }
        require(
            a.status == Status.Verified || a.status == Status.Suspended, HospitalStatusWrong()
        );
        return _setStatus(a, Status.Revoked);
    }

    function hospital(address account)
        external
        view
        returns (uint64 hospitalId, uint8 status, bytes32 registration, bytes32 custodyKey)
    {
        Application storage a = _applications[account];
        return (a.id, uint8(a.status), a.registration, a.custodyKey);
    }

    function idOf(address account) external view returns (uint64) {
        return _applications[account].id;
    }

    function accountOf(uint64 hospitalId) external view returns (address) {
        return _licences[hospitalId].account;
    }

    function isVerified(uint64 hospitalId) external view returns (bool) {
        return _licences[hospitalId].status == Status.Verified;
    }

    /// Whether the account is a Verified hospital.
    function isActive(address account) external view returns (bool) {
        return _applications[account].status == Status.Verified;
    }

    function requireVerified(address account) external view returns (uint64 hospitalId) {
        Application storage a = _applications[account];
        require(a.status == Status.Verified, HospitalNotVerified());
        return a.id;
    }

    function _setStatus(Application storage a, Status status) private returns (uint64 hospitalId) {
        hospitalId = a.id;
        a.status = status;
        _licences[hospitalId].status = status;
    }
}
