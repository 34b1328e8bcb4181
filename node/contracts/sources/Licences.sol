// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {LicenceExpired, LicenceNotExpired, ValidatorUnknown} from "./Errors.sol";
import {ValidatorSet} from "./ValidatorSet.sol";

/// Until when a hospital's licence lasts.  The end of a licence takes no key out of the set by
/// itself: several could end in one block, past the cap.  Somebody has to sweep.
abstract contract Licences is ValidatorSet {
    event LicenceSet(uint64 indexed hospitalId, uint64 until);
    event LicenceSwept(uint64 indexed hospitalId, uint64 until);

    /// Block time in seconds, exclusive; 0 = no end.
    mapping(uint64 hospitalId => uint64 time) public licenceUntil;

    /// Withdraws all keys of a hospital whose licence has ended; for anybody to call.
    function sweepExpired(uint64 hospitalId) external {
        require(_isExpired(hospitalId), LicenceNotExpired());
        require(_withdrawAllOf(hospitalId) != 0, ValidatorUnknown());
        emit LicenceSwept(hospitalId, licenceUntil[hospitalId]);
    }

    function _setLicence(uint64 hospitalId, uint64 until) internal {
        licenceUntil[hospitalId] = until;
        emit LicenceSet(hospitalId, until);
    }

    function _requireLicence(uint64 hospitalId) internal view {
        require(!_isExpired(hospitalId), LicenceExpired());
    }

    function _isExpired(uint64 hospitalId) private view returns (bool) {
        uint64 until = licenceUntil[hospitalId];
        return until != 0 && until <= block.timestamp;
    }
}
