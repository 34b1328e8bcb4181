// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AlreadyConfirmed,
    FieldMissing,
    GuardianUnfit,
    HospitalNotVerified,
    NotGuardian,
    PatientUnknown,
    RecoveryDiffers,
    RecoveryNotReady,
    RecoveryOver,
    RecoveryRunning,
    RecoveryUnknown,
    SettingOutOfRange
} from "./Errors.sol";
import {IHospitals} from "./Interfaces.sol";

/// A lost key: the guardian starts, a hospital that has seen the patient confirms, a waiting time
/// passes in which the old key can object, and then anybody finishes.
///
/// Neither guardian nor hospital does it alone, and both name what they mean: a hospital confirms
/// an account and a key, not whatever the guardian has put there a block ago.
abstract contract Recoveries {
    struct Recovery {
        address newAccount; // 0 = none is running
        uint64 readyAt; // block time in seconds; 0 = not confirmed
        bytes32 newKey; // X25519
        uint64 hospitalId; // that confirmed
    }

    event GuardianSet(uint64 indexed patientId, address indexed guardian);
    event RecoveryStarted(uint64 indexed patientId, address newAccount, bytes32 newKey);
    event RecoveryConfirmed(uint64 indexed patientId, uint64 hospitalId, uint64 readyAt);
    event RecoveryCancelled(uint64 indexed patientId);
    event Recovered(
        uint64 indexed patientId,
        address indexed oldAccount,
        address indexed newAccount,
        bytes32 key
    );

    uint64 private constant RECOVERY_SECONDS_MAX = 3650 days;

    uint64 public immutable recoverySeconds;
    IHospitals internal immutable HOSPITALS;
    mapping(uint64 patientId => address) public guardianOf;
    mapping(address guardian => uint64) public wardCount;
    mapping(uint64 patientId => Recovery) private _recoveries;

    constructor(IHospitals hospitals, uint64 waiting) {
        require(waiting != 0 && waiting <= RECOVERY_SECONDS_MAX, SettingOutOfRange());
        HOSPITALS = hospitals;
        recoverySeconds = waiting;
    }

    /// The patient names a guardian; 0 = none.  Not while a recovery runs, which the old key
    /// cancels first: so it is always clear who has started what.
    function setGuardian(address guardian) external {
        uint64 patientId = _requirePatient(msg.sender);
        require(guardian != msg.sender, GuardianUnfit());
        require(_recoveries[patientId].newAccount == address(0), RecoveryRunning());
        address before = guardianOf[patientId];
        if (before != address(0)) --wardCount[before];
        if (guardian != address(0)) ++wardCount[guardian];
        guardianOf[patientId] = guardian;
        emit GuardianSet(patientId, guardian);
    }

    /// The guardian names the new account and key.  Once more replaces what runs (a slip must not
    /// need the lost key), and it then has to be confirmed and to wait anew.
    function startRecovery(uint64 patientId, address newAccount, bytes32 newKey) external {
        require(msg.sender == guardianOf[patientId], NotGuardian());
        require(newAccount != address(0) && newKey != 0, FieldMissing());
        require(newAccount != msg.sender, GuardianUnfit()); // or nobody guards it afterwards
        _requireFree(newAccount);
        _recoveries[patientId] = Recovery(newAccount, 0, newKey, 0);
        emit RecoveryStarted(patientId, newAccount, newKey);
    }

    /// A Verified hospital, not the guardian under a second hat, has seen the patient.
    function confirmRecovery(uint64 patientId, address newAccount, bytes32 newKey) external {
        uint64 hospitalId = HOSPITALS.requireVerified(msg.sender);
        Recovery storage r = _requireRunning(patientId);
        require(msg.sender != guardianOf[patientId], GuardianUnfit());
        require(r.newAccount == newAccount && r.newKey == newKey, RecoveryDiffers());
        require(r.readyAt == 0, AlreadyConfirmed()); // or the waiting time would begin anew
        uint64 readyAt = uint64(block.timestamp) + recoverySeconds;
        r.readyAt = readyAt;
        r.hospitalId = hospitalId;
        emit RecoveryConfirmed(patientId, hospitalId, readyAt);
    }

    /// The old key objects, until the waiting time is over and not at its end; later only to what
    /// cannot be finished because the hospital that confirmed has fallen.
    function cancelRecovery() external {
        uint64 patientId = _requirePatient(msg.sender);
        Recovery storage r = _requireRunning(patientId);
        bool isDue = _isOver(r.readyAt) && HOSPITALS.isVerified(r.hospitalId);
        require(!isDue, RecoveryOver(r.readyAt));
        delete _recoveries[patientId];
        emit RecoveryCancelled(patientId);
    }

    /// Moves the patient, at the end of the waiting time or later; for anybody to call.
    function finishRecovery(uint64 patientId) external {
        Recovery memory r = _requireRunning(patientId);
        require(_isOver(r.readyAt), RecoveryNotReady(r.readyAt));
        // both may have changed while it waited: a word that is worth nothing any more, and an
        // account that somebody else has become
        require(HOSPITALS.isVerified(r.hospitalId), HospitalNotVerified());
        _requireFree(r.newAccount);
        delete _recoveries[patientId];
        address oldAccount = _move(patientId, r.newAccount, r.newKey);
        emit Recovered(patientId, oldAccount, r.newAccount, r.newKey);
    }

    /// What runs for a patient; zeros if nothing does.
    function recoveryOf(uint64 patientId)
        external
        view
        returns (address newAccount, bytes32 newKey, uint64 readyAt, uint64 hospitalId)
    {
        Recovery storage r = _recoveries[patientId];
        return (r.newAccount, r.newKey, r.readyAt, r.hospitalId);
    }

    function _isOver(uint64 readyAt) private view returns (bool) {
        return readyAt != 0 && block.timestamp >= readyAt;
    }

    function _requireRunning(uint64 patientId) private view returns (Recovery storage r) {
        r = _recoveries[patientId];
        require(r.newAccount != address(0), RecoveryUnknown());
    }

    function _requirePatient(address account) private view returns (uint64 patientId) {
        patientId = _patientIdOf(account);
        require(patientId != 0, PatientUnknown());
    }

    function _patientIdOf(address account) internal view virtual returns (uint64 patientId);

    /// Refuses an account that cannot become a patient's.
    function _requireFree(address account) internal view virtual;

    /// Gives a patient another account and key.
    function _move(uint64 patientId, address newAccount, bytes32 newKey)
        internal
        virtual
        returns (address oldAccount);
}
