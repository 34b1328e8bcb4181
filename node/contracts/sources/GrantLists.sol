// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {GrantLimit, GrantNotActive, GrantUnknown} from "./Errors.sol";

/// Grants as the rules see them: one storage word each.
///
/// A word holds the window, when the grant was made, whether it covers later records, and the upper
/// half of its id.  Words lie in a short list per (Patient-ID, grantee, record), so that a grant is
/// found without its id; a word is free again once its grant has expired or was revoked.
abstract contract GrantLists {
    event Revoked(bytes32 indexed grantId);

    uint256 internal constant LATER = 1 << 255; // scope bit: also records made later
    uint256 private constant WORDS_MAX = 8; // grants that one list can hold at a time

    // a word: flags 8 | grantedAt 40 | validUntil 40 (0 = free) | validFrom 40 | tag 128, lowest
    // first; packed by hand, since the compiler would write it field by field
    uint256 private constant FLAG_LATER = 1;
    uint256 private constant FLAG_MORE = 2; // the list goes on behind this word
    uint256 private constant AT_GRANTED = 8;
    uint256 private constant AT_UNTIL = 48;
    uint256 private constant AT_FROM = 88;
    uint256 private constant AT_TAG = 128; // the tag is the upper half of the grant id

    /// Takes the first free word of the list, or makes the list longer.
    /// The caller has checked that both times fit 40 bits.
    function _store(
        bytes32 place,
        bytes32 grantId,
        uint256 validFrom,
        uint256 validUntil,
        bool coversLater
    ) internal {
        uint256 word = (uint256(grantId) >> AT_TAG << AT_TAG) | (validFrom << AT_FROM)
            | (validUntil << AT_UNTIL) | (block.timestamp << AT_GRANTED);
        if (coversLater) word |= FLAG_LATER;
        for (uint256 count = 1; count <= WORDS_MAX; ++count) {
            uint256 old = _at(place);
            if (uint40(old >> AT_UNTIL) <= block.timestamp) {
                _put(place, word | (old & FLAG_MORE));
                return;
            }
            if (old & FLAG_MORE == 0) _put(place, old | FLAG_MORE);
            place = _next(place);
        }
        revert GrantLimit();
    }

    /// Frees the word of a grant that has not expired yet.
    function _free(bytes32 list, bytes32 grantId) internal {
        (bytes32 place, uint256 word) = _find(list, grantId);
        require(word != 0, GrantUnknown());
        require(uint40(word >> AT_UNTIL) > block.timestamp, GrantNotActive());
        _put(place, word & FLAG_MORE);
        emit Revoked(grantId);
    }

    /// Whether a grant stands and has not expired yet; its window may still be to come.
    function _isRunning(bytes32 list, bytes32 grantId) internal view returns (bool) {
        (, uint256 word) = _find(list, grantId);
        return uint40(word >> AT_UNTIL) > block.timestamp;
    }

    /// Where the word of a grant lies, and the word; 0 if there is none.  The loops here end:
    /// fewer than WORDS_MAX words say that more follow, since `_store` makes no longer list.
    function _find(bytes32 list, bytes32 grantId)
        internal
        view
        returns (bytes32 place, uint256 word)
    {
        for (place = list;; place = _next(place)) {
            word = _at(place);
            if (word >> AT_TAG == uint256(grantId) >> AT_TAG) break;
            if (word & FLAG_MORE == 0) return (place, 0);
        }
    }

    /// `mintedAt` 0: the list is that of the record itself, which every grant in it covers.
    function _covers(bytes32 place, uint256 at, uint256 mintedAt)
        internal
        view
        returns (bool covered)
    {
        while (true) {
            uint256 word = _at(place);
            bool open = uint40(word >> AT_FROM) <= at && at < uint40(word >> AT_UNTIL);
            bool meant = word & FLAG_LATER != 0 || mintedAt <= uint40(word >> AT_GRANTED);
            covered = open && meant;
            if (covered || word & FLAG_MORE == 0) break;
            place = _next(place);
        }
    }

    function _listOf(uint256 patientId, address grantee, uint256 pmrId)
        internal
        pure
        returns (bytes32)
    {
        return _hash3(bytes32(patientId), bytes32(uint256(uint160(grantee))), bytes32(pmrId));
    }

    /// keccak256(abi.encode(a, b, c)) without taking memory.
    function _hash3(bytes32 a, bytes32 b, bytes32 c) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, a)
            mstore(add(free, 0x20), b)
            mstore(add(free, 0x40), c)
            hash := keccak256(free, 0x60)
        }
    }

    /// A list lies in storage from its hash on, so that no second hash is needed.
    function _next(bytes32 place) private pure returns (bytes32) {
        unchecked {
            return bytes32(uint256(place) + 1);
        }
    }

    function _at(bytes32 place) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(place)
        }
    }

    function _put(bytes32 place, uint256 word) private {
        assembly ("memory-safe") {
            sstore(place, word)
        }
    }
}
