// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ProofOfPossession} from "./Errors.sol";
import {ValidatorSet} from "./ValidatorSet.sol";

/// A validator changes its key without a vote: both keys sign the same typed message, and anybody
/// relays it.  activeFrom is the old key's: one signature serves for one admission of it only.
abstract contract KeyRotation is EIP712, ValidatorSet {
    struct Signature {
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    bytes32 private constant ROTATE_TYPEHASH =
        keccak256("RotateKey(address oldKey,address newKey,uint64 activeFrom)");

    constructor() EIP712("wardnet", "1") {}

    /// The new key joins in the block in which the old one leaves, and that is what it returns.
    function rotateKey(
        address oldKey,
        address newKey,
        Signature calldata byOld,
        Signature calldata byNew
    ) external returns (uint64 activeFrom) {
        _requireStanding(_hospitalOf(oldKey));
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(ROTATE_TYPEHASH, oldKey, newKey, _activeFromOf(oldKey)))
        );
        _requireSigned(digest, byOld, oldKey);
        _requireSigned(digest, byNew, newKey);
        return _rotate(oldKey, newKey);
    }

    /// Reverts unless the hospital may have validators now.
    function _requireStanding(uint64 hospitalId) internal view virtual;

    function _requireSigned(bytes32 digest, Signature calldata signature, address key)
        private
        pure
    {
        (address signer,,) = ECDSA.tryRecover(digest, signature.v, signature.r, signature.s);
        require(signer == key && key != address(0), ProofOfPossession());
    }
}
