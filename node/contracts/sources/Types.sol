// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {CidNotAllowed, FieldMissing, RegistrationCode} from "./Errors.sol";

/// Off-chain bytes: a salted commitment, and a CIDv1 of sha2-256 as codec byte and digest.
/// The other bytes of such a CID (01, 12 20) never differ, so they are not kept.
struct Content {
    bytes32 commitment;
    uint8 codec;
    bytes32 digest;
}

/// What an entry of a record is.  Lab, Iomt and Insurance are filed by their registries.
enum Kind {
    None,
    Consultation,
    SecondOpinion,
    Amendment,
    Lab,
    Iomt,
    Insurance
}

/// An entry of a PMR as the token gives it; `about`: another entry's index plus one, 0 = none.
struct Entry {
    uint64 doctorId;
    uint64 hospitalId;
    uint64 time;
    uint8 kind;
    bool marked;
    uint32 about;
    Content content;
}

/// How a lab study was split: scheme, `needed` of `total` shares, epoch.
struct Plan {
    uint8 scheme;
    uint8 needed;
    uint8 total;
    uint32 epoch;
}

library Checks {
    /// Refuses a missing commitment or digest, and codecs other than raw, dag-pb and dag-cbor.
    function content(Content calldata c) internal pure {
        require(c.commitment != 0, FieldMissing());
        cid(c.codec, c.digest);
    }

    function cid(uint8 codec, bytes32 digest) internal pure {
        require(digest != 0, CidNotAllowed());
        require(codec == 0x55 || codec == 0x70 || codec == 0x71, CidNotAllowed());
    }

    /// Refuses a registration number that could be spelled in a second way: it is
    /// 1 to 32 characters of 0-9 A-Z - . / followed by zero bytes only.
    function registration(bytes32 code) internal pure {
        require(code != 0 && code[0] != 0, RegistrationCode());
        bool ended = false;
        for (uint256 i = 0; i < 32; ++i) {
            uint8 char = uint8(code[i]);
            if (char == 0) {
                ended = true;
                continue;
            }
            // '-' 2d '.' 2e '/' 2f '0'..'9' 30..39 follow each other in ASCII
            bool fits = (char >= 0x2d && char <= 0x39) || (char >= 0x41 && char <= 0x5a);
            require(fits && !ended, RegistrationCode());
        }
    }
}
