// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {DateTooFar, InvalidDate} from "./Errors.sol";

/// Calendar days of the hospitals' time zone, written DDMMYYYY.
library Dates {
    int256 private constant DAY_SECONDS = 86_400;

    /// Whole days since 1970-01-01; refuses a day that no calendar has.
    function dayNumber(uint256 ddmmyyyy) internal pure returns (int256) {
        uint256 day = ddmmyyyy / 1_000_000;
        uint256 month = (ddmmyyyy / 10_000) % 100;
        uint256 year = ddmmyyyy % 10_000;
        require(year != 0 && month != 0 && month <= 12, InvalidDate());
        require(day != 0 && day <= daysIn(month, year), InvalidDate());
        // Count years from March: the leap day is then the last day of a year, and the days before
        // a month are (153 * month + 2) / 5.  719,468 days lie between 0000-03-01 and 1970-01-01.
        uint256 y = month > 2 ? year : year - 1;
        uint256 m = month > 2 ? month - 3 : month + 9;
        uint256 count = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
        return int256(count) - 719_468;
    }

    function daysIn(uint256 month, uint256 year) internal pure returns (uint256) {
        if (month == 2) {
            bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            return leap ? 29 : 28;
        }
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    /// The hospitals' own day at this block; the sum never is negative (constructors see to it).
    function today(int256 utcOffsetSeconds) internal view returns (int256) {
        return (int256(block.timestamp) + utcOffsetSeconds) / DAY_SECONDS;
    }

    /// Refuses a day more than one day from the block's own.
    function requireNear(uint256 ddmmyyyy, int256 utcOffsetSeconds) internal view {
        int256 distance = dayNumber(ddmmyyyy) - today(utcOffsetSeconds);
        require(distance >= -1 && distance <= 1, DateTooFar());
    }

    /// Refuses a day more than one day after the block's own.
    function requireNotLater(uint256 ddmmyyyy, int256 utcOffsetSeconds) internal view {
        require(dayNumber(ddmmyyyy) - today(utcOffsetSeconds) <= 1, DateTooFar());
    }
}
