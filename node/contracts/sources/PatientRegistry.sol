// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AccountRetired,
    DuplicateRegistration,
    FieldMissing,
    PatientUnknown,
    SettingOutOfRange
} from "./Errors.sol";
import {IConsents, IHospitals, IPatients} from "./Interfaces.sol";
import {Recoveries} from "./Recoveries.sol";
import {Checks, Content} from "./Types.sol";

/// Patients by number, account and identity hash.  No personal data: details are salted
/// commitments with the CID of their ciphertext, and those stand in the event only.
///
/// An account is a patient's once.  One that a recovery has left never comes back: what its key
/// has ever signed could be played to ConsentRegistry again.
contract PatientRegistry is IPatients, Recoveries {
    struct Registration {
        address account;
        uint64 hospitalId; // whose desk
    }

    event PatientRegistered(
        uint64 indexed patientId,
        address indexed account,
        bytes32 indexed participantId,
        uint64 hospitalId,
        bytes32 key,
        Content details,
        Content attendant
    );
    event KeyChanged(address indexed account, bytes32 key);

    bytes32 private constant ROLE = "patient";

    IConsents private immutable CONSENTS;
    uint64 public nextPatientId;
    mapping(address account => uint64) public idOf;
    mapping(bytes32 participantId => uint64) public idByParticipant;
    mapping(uint64 patientId => Registration) private _registrations;
    mapping(address account => bytes32) private _keys; // X25519; stays when the account is left

    constructor(
        IHospitals hospitals,
        IConsents consents,
        uint64 firstPatientId,
        uint64 waiting
    ) Recoveries(hospitals, waiting) {
        require(firstPatientId != 0, SettingOutOfRange());
        CONSENTS = consents;
        nextPatientId = firstPatientId;
    }

    /// Registers at the desk of a Verified hospital; an attendant with commitment 0 = none.
    function register(
        address account,
        bytes32 key,
        Content calldata details,
        Content calldata attendant
    ) external returns (uint64 patientId) {
        uint64 hospitalId = HOSPITALS.requireVerified(msg.sender);
        require(account != address(0) && key != 0, FieldMissing());
        Checks.content(details);
        if (attendant.commitment != 0) Checks.content(attendant);
        bytes32 participantId = keccak256(abi.encode(ROLE, details.commitment));
        uint64 existing = idByParticipant[participantId];
        require(existing == 0, DuplicateRegistration(existing));
        _requireNew(account);

        patientId = nextPatientId++;
        idOf[account] = patientId;
        idByParticipant[participantId] = patientId;
        _registrations[patientId] = Registration(account, hospitalId);
        _keys[account] = key;
        emit PatientRegistered(
            patientId, account, participantId, hospitalId, key, details, attendant
        );
    }

    function setKey(bytes32 key) external {
        require(key != 0, FieldMissing());
        require(idOf[msg.sender] != 0, PatientUnknown());
        _keys[msg.sender] = key;
        emit KeyChanged(msg.sender, key);
    }

    function patient(uint64 patientId)
        external
        view
        returns (address account, uint64 hospitalId, bytes32 key)
    {
        Registration storage r = _registrations[patientId];
        return (r.account, r.hospitalId, _keys[r.account]);
    }

    function accountOf(uint64 patientId) external view returns (address) {
        return _registrations[patientId].account;
    }

    function _patientIdOf(address account) internal view override returns (uint64) {
        return idOf[account];
    }

    /// No patient's, and no hospital's: what opens a patient's records lies at no front desk.
    function _requireFree(address account) internal view override {
        uint64 existing = HOSPITALS.idOf(account);
        require(existing == 0, DuplicateRegistration(existing));
        _requireNew(account);
    }

    function _move(uint64 patientId, address newAccount, bytes32 newKey)
        internal
        override
        returns (address oldAccount)
    {
        oldAccount = _registrations[patientId].account;
        delete idOf[oldAccount];
        idOf[newAccount] = patientId;
        _registrations[patientId].account = newAccount;
        _keys[newAccount] = newKey;
        CONSENTS.moveWallet(oldAccount, newAccount);
    }

    function _requireNew(address account) private view {
        uint64 existing = idOf[account];
        require(existing == 0, DuplicateRegistration(existing));
        require(_keys[account] == 0, AccountRetired());
    }
}
