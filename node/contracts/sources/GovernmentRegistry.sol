// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Authority} from "./Authority.sol";
import {HospitalNotVerified} from "./Errors.sol";
import {IComplaints, IDoctors, IHospitals, IParties} from "./Interfaces.sol";
import {KeyRotation} from "./KeyRotation.sol";
import {Licences} from "./Licences.sol";
import {ValidatorSet} from "./ValidatorSet.sol";

/// The government authority: it verifies hospitals, admits and withdraws validators, and
/// suspends doctors, lists insurers and researchers, and finds complaints proven, each time by a
/// strict majority of its members.
contract GovernmentRegistry is Authority, Licences, KeyRotation {
    event HospitalVerified(address indexed account, uint64 indexed hospitalId);
    event HospitalSuspended(address indexed account, uint64 indexed hospitalId);
    event HospitalRevoked(address indexed account, uint64 indexed hospitalId);

    IHospitals private immutable HOSPITALS;
    IDoctors private immutable DOCTORS;
    IParties private immutable INSURERS;
    IParties private immutable RESEARCHERS;
    IComplaints private immutable COMPLAINTS;

    constructor(
        address[] memory firstMembers,
        address[] memory firstValidators,
        uint256 minimum,
        uint64 openSeconds,
        IHospitals hospitals,
        IDoctors doctors,
        IParties insurers,
        IParties researchers,
        IComplaints complaints
    ) Authority(firstMembers, openSeconds) ValidatorSet(firstValidators, minimum) {
        HOSPITALS = hospitals;
        DOCTORS = doctors;
        INSURERS = insurers;
        RESEARCHERS = researchers;
        COMPLAINTS = complaints;
    }

    function _enact(Action kind, bytes memory payload) internal override {
        if (kind == Action.AdmitValidator) {
            (address hospital, address key, bytes32 nodeId, bytes32 licenceHash) =
                abi.decode(payload, (address, address, bytes32, bytes32));
            uint64 hospitalId = HOSPITALS.requireVerified(hospital);
            _requireLicence(hospitalId);
            _admit(hospitalId, key, nodeId, licenceHash);
            return;
        }
        if (kind == Action.SetLicence) {
            (address holder, uint64 expiry) = abi.decode(payload, (address, uint64));
            _setLicence(HOSPITALS.requireVerified(holder), expiry);
            return;
        }
        if (kind == Action.SuspendDoctor) {
            (uint64 doctorId, uint64 until) = abi.decode(payload, (uint64, uint64));
            DOCTORS.suspend(doctorId, until);
            return;
        }
        if (kind == Action.UpholdComplaint) {
            COMPLAINTS.upholdComplaint(abi.decode(payload, (bytes32)));
            return;
        }
        address account = abi.decode(payload, (address));
        if (kind == Action.AddMember) {
            _addMember(account);
        } else if (kind == Action.RemoveMember) {
            _removeMember(account);
        } else if (kind == Action.WithdrawValidator) {
            _withdraw(account);
        } else if (kind == Action.EmergencyWithdraw) {
            _withdrawNow(account);
        } else if (kind >= Action.ListInsurer) {
            _enactOnParty(kind, account);
        } else {
            _enactOnHospital(kind, account);
        }
    }

    /// Unlinked keys of the genesis have hospital 0, which nobody verified.
    function _requireStanding(uint64 hospitalId) internal view override {
        require(HOSPITALS.isVerified(hospitalId), HospitalNotVerified());
        _requireLicence(hospitalId);
    }

    function _enactOnParty(Action kind, address account) private {
        bool isInsurer = kind == Action.ListInsurer || kind == Action.StrikeInsurer;
        IParties parties = isInsurer ? INSURERS : RESEARCHERS;
        if (kind == Action.ListInsurer || kind == Action.ListResearcher) parties.list(account);
        else parties.strike(account);
    }

    function _enactOnHospital(Action kind, address account) private {
        if (kind == Action.VerifyHospital) {
            uint64 verifiedId = HOSPITALS.verify(account);
            _linkGenesisKey(account, verifiedId);
            emit HospitalVerified(account, verifiedId);
        } else if (kind == Action.SuspendHospital) {
            uint64 suspendedId = HOSPITALS.suspend(account);
            emit HospitalSuspended(account, suspendedId);
            _withdrawAllOf(suspendedId);
        } else {
            uint64 revokedId = HOSPITALS.revoke(account);
            emit HospitalRevoked(account, revokedId);
            // id 0: an application was turned down; 0 also marks unlinked keys of the genesis
            if (revokedId != 0) _withdrawAllOf(revokedId);
        }
    }
}
