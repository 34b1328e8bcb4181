// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// Which times somebody is taken: a bit for each grain of time, 256 of them in a word.
/// Two spans overlap exactly where they share a bit, so nobody walks over appointments.
library Calendar {
    struct Days {
        mapping(uint256 place => uint256 grains) words;
    }

    uint256 internal constant GRAIN_SECONDS = 5 minutes;
    uint256 internal constant GRAINS_MAX = 256; // of one span: it lies in two words at most

    /// Takes [start, end), whole grains; false, and nothing is taken, if a part of it is taken.
    function take(Days storage days_, uint256 start, uint256 end) internal returns (bool) {
        (uint256 place, uint256 low, uint256 high) = _masks(start, end);
        uint256 first = days_.words[place];
        if (first & low != 0) return false;
        if (high != 0) {
            uint256 second = days_.words[place + 1];
            if (second & high != 0) return false;
            days_.words[place + 1] = second | high;
        }
        days_.words[place] = first | low;
        return true;
    }

    /// Gives [start, end) back, which was taken.
    function release(Days storage days_, uint256 start, uint256 end) internal {
        (uint256 place, uint256 low, uint256 high) = _masks(start, end);
        days_.words[place] &= ~low;
        if (high != 0) days_.words[place + 1] &= ~high;
    }

    /// The bits of [start, end) in the word at `place` and in the next one.
    function _masks(uint256 start, uint256 end)
        private
        pure
        returns (uint256 place, uint256 low, uint256 high)
    {
        uint256 grain = start / GRAIN_SECONDS;
        uint256 count = end / GRAIN_SECONDS - grain; // 1 .. GRAINS_MAX
        uint256 ones = type(uint256).max >> (GRAINS_MAX - count);
        uint256 offset = grain % 256;
        place = grain / 256;
        low = ones << offset;
        high = offset == 0 ? 0 : ones >> (256 - offset);
    }
}
