// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    FieldMissing,
    LastValidator,
    SettingOutOfRange,
    ValidatorKnown,
    ValidatorLimit,
    ValidatorNotActive,
    ValidatorUnknown
} from "./Errors.sol";

/// The validator keys of every block.  S(t) = keys with activeFrom <= t and (activeUntil = 0 or
/// t < activeUntil); what block e enacts shows in S(e + 1) at the earliest.
abstract contract ValidatorSet {
    struct Record {
        uint64 hospitalId;
        uint64 activeFrom;
        uint64 activeUntil; // 0 = open
        bool waiting; // withdrawn, held back by the minimum
        bytes32 nodeId;
        bytes32 licenceHash;
    }

    event ValidatorAdmitted(
        address indexed key,
        uint64 indexed hospitalId,
        bytes32 nodeId,
        bytes32 licenceHash,
        uint64 activeFrom
    );
    event ValidatorWithdrawn(
        address indexed key,
        uint64 indexed hospitalId,
        uint64 activeUntil
    );
    event ValidatorRotated(address indexed oldKey, address indexed newKey, uint64 activeFrom);
    event BelowMinimum(address indexed key, uint256 remaining, uint256 minimum);

    uint256 private constant VALIDATORS_MAX = 100;

    uint256 public immutable minValidators;
    mapping(address key => Record) private _records;
    address[] private _live; // ascending; every key of S(block.number) or a later set
    address[] private _waiting; // withdrawals that the minimum holds back, oldest first

    constructor(address[] memory first, uint256 minimum) {
        require(minimum != 0 && first.length >= minimum, SettingOutOfRange());
        require(first.length <= VALIDATORS_MAX, ValidatorLimit());
        minValidators = minimum;
        for (uint256 i = 0; i < first.length; ++i) {
            _insert(first[i]);
            emit ValidatorAdmitted(first[i], 0, 0, 0, 0);
        }
    }

    /// S(block.number + 1): ascending, unique, nonzero, at most 100; never reverts.
    function getValidators() external view returns (address[] memory keys) {
        uint256 t = block.number + 1;
        uint256 listed = _live.length;
        keys = new address[](listed);
        uint256 count = 0;
        for (uint256 i = 0; i < listed; ++i) {
            address key = _live[i];
            if (_isActiveAt(key, t)) keys[count++] = key;
        }
        assembly ("memory-safe") {
            mstore(keys, count) // shorter: one pass reads each record once
        }
    }

    function validator(address key)
        external
        view
        returns (
            uint64 hospitalId,
            bytes32 nodeId,
            bytes32 licenceHash,
            uint64 activeFrom,
            uint64 activeUntil,
            bool waiting
        )
    {
        Record storage r = _records[key];
        return
            (r.hospitalId, r.nodeId, r.licenceHash, r.activeFrom, r.activeUntil, r.waiting);
    }

    function waitingWithdrawals() external view returns (address[] memory) {
        return _waiting;
    }

    function _admit(uint64 hospitalId, address key, bytes32 nodeId, bytes32 licenceHash) internal {
        _forgetPast();
        // no later set is larger: whoever is admitted joins at block.number + 1, and a rotated key
        // joins in the block in which another leaves
        require(_sizeAt(block.number + 1) < VALIDATORS_MAX, ValidatorLimit());
        _insert(key);
        uint64 from = uint64(block.number + 1);
        _records[key] = Record(hospitalId, from, 0, false, nodeId, licenceHash);
        emit ValidatorAdmitted(key, hospitalId, nodeId, licenceHash, from);
        while (_waiting.length != 0 && _openCount() > minValidators) {
            address next = _waiting[0];
            _stopWaiting(next);
            _schedule(next);
        }
    }

    /// Lets newKey join in the block in which oldKey leaves: one removal, at the minimum too.
    function _rotate(address oldKey, address newKey) internal returns (uint64 from) {
        require(_isOpen(oldKey) && !_records[oldKey].waiting, ValidatorUnknown());
        Record memory r = _records[oldKey];
        // the key before oldKey is still in the set: leaving before joining would make it grow
        require(r.activeFrom <= block.number + 1, ValidatorNotActive());
        _forgetPast();
        from = _schedule(oldKey); // before newKey, which would count in the sizes, is on the list
        _insert(newKey);
        _records[newKey] = Record(r.hospitalId, from, 0, false, r.nodeId, r.licenceHash);
        emit ValidatorAdmitted(newKey, r.hospitalId, r.nodeId, r.licenceHash, from);
        emit ValidatorRotated(oldKey, newKey, from);
    }

    function _withdraw(address key) internal {
        require(_isOpen(key) && !_records[key].waiting, ValidatorUnknown());
        uint256 open = _openCount();
        if (open <= minValidators) {
            _records[key].waiting = true;
            _waiting.push(key);
            emit BelowMinimum(key, open - 1, minValidators);
        } else {
            _schedule(key);
        }
    }

    /// Overrides the minimum, never down to an empty set.
    function _withdrawNow(address key) internal {
        require(_isOpen(key), ValidatorUnknown());
        require(_openCount() > 1, LastValidator());
        if (_records[key].waiting) _stopWaiting(key);
        _schedule(key);
    }

    function _withdrawAllOf(uint64 hospitalId) internal returns (uint256 count) {
        uint256 listed = _live.length; // _withdraw leaves the list as it is
        for (uint256 i = 0; i < listed; ++i) {
            Record storage r = _records[_live[i]];
            if (r.hospitalId == hospitalId && r.activeUntil == 0 && !r.waiting) {
                _withdraw(_live[i]);
                ++count;
            }
        }
    }

    function _hospitalOf(address key) internal view returns (uint64) {
        return _records[key].hospitalId;
    }

    function _activeFromOf(address key) internal view returns (uint64) {
        return _records[key].activeFrom;
    }

    /// A key of the genesis gets the Hospital-ID of the hospital whose account it is.
    function _linkGenesisKey(address key, uint64 hospitalId) internal {
        if (_isOpen(key) && _records[key].hospitalId == 0) _records[key].hospitalId = hospitalId;
    }

    /// Ends a key at the first block that has fewer than max(1, floor((|S(t-1)| - 1) / 3))
    /// removals, so that consecutive sets share an old quorum.  A key whose rotation is still to
    /// come may end before it begins: then it is in no set.
    function _schedule(address key) private returns (uint64 until) {
        uint256 t = block.number;
        uint256 size;
        uint256 removals;
        do {
            ++t;
            (size, removals) = _countsAt(t);
        } while (removals >= _removalCap(size));
        until = uint64(t);
        _records[key].activeUntil = until;
        emit ValidatorWithdrawn(key, _records[key].hospitalId, until);
    }

    function _removalCap(uint256 size) private pure returns (uint256) {
        return size < 7 ? 1 : (size - 1) / 3;
    }

    function _sizeAt(uint256 t) private view returns (uint256 size) {
        uint256 listed = _live.length;
        for (uint256 i = 0; i < listed; ++i) {
            if (_isActiveAt(_live[i], t)) ++size;
        }
    }

    /// |S(t-1)|, and how many of it are not in S(t).
    function _countsAt(uint256 t) private view returns (uint256 size, uint256 removals) {
        uint256 listed = _live.length;
        for (uint256 i = 0; i < listed; ++i) {
            if (_isActiveAt(_live[i], t - 1)) ++size;
            if (_records[_live[i]].activeUntil == t) ++removals;
        }
    }

    function _openCount() private view returns (uint256 open) {
        uint256 listed = _live.length;
        for (uint256 i = 0; i < listed; ++i) {
            if (_records[_live[i]].activeUntil == 0) ++open;
        }
    }

    function _isActiveAt(address key, uint256 t) private view returns (bool) {
        Record storage r = _records[key];
        return r.activeFrom <= t && (r.activeUntil == 0 || t < r.activeUntil);
    }

    /// Whether the key is on the list and nothing ends it yet.
    function _isOpen(address key) private view returns (bool) {
        if (_records[key].activeUntil != 0) return false;
        uint256 listed = _live.length;
        for (uint256 i = 0; i < listed; ++i) {
            if (_live[i] == key) return true;
        }
        return false;
    }

    /// Keeps the list ascending, so that the view needs no sorting.
    function _insert(address key) private {
        require(key != address(0), FieldMissing());
        _live.push(key);
        uint256 place = _live.length - 1;
        while (place != 0 && _live[place - 1] >= key) {
            require(_live[place - 1] != key, ValidatorKnown());
            _live[place] = _live[place - 1];
            --place;
        }
        _live[place] = key;
    }

    /// Drops the keys that are in neither S(block.number) nor any later set.
    function _forgetPast() private {
        uint256 kept = 0;
        uint256 listed = _live.length;
        for (uint256 i = 0; i < listed; ++i) {
            uint64 until = _records[_live[i]].activeUntil;
            if (until == 0 || until > block.number) _live[kept++] = _live[i];
        }
        for (; listed > kept; --listed) {
            _live.pop();
        }
    }

    function _stopWaiting(address key) private {
        _records[key].waiting = false;
        uint256 kept = 0;
        uint256 listed = _waiting.length;
        for (uint256 i = 0; i < listed; ++i) {
            if (_waiting[i] != key) _waiting[kept++] = _waiting[i];
        }
        _waiting.pop();
    }
}
