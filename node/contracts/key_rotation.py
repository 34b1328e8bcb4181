"""What both keys of a rotation sign: ``RotateKey`` as EIP-712 typed data of ``GovernmentRegistry``.

The domain binds the message to one chain and one contract, ``activeFrom`` to one admission of the
old key: a signature cannot serve a second time.  Source: consensus.md section 8, EIP-712.
"""

from dataclasses import dataclass
from typing import Final

from node.base.keccak import keccak256
from node.base.ports import Signer
from node.base.types import Address, Hash32
from node.contracts.abi import encode_values

_DOMAIN_TYPE: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_ROTATE_TYPE: Final = keccak256(b"RotateKey(address oldKey,address newKey,uint64 activeFrom)")
_NAME: Final = keccak256(b"wardnet")
_VERSION: Final = keccak256(b"1")


@dataclass(frozen=True, slots=True)
class RotateKey:
    """A validator's old key hands over to a new one."""

    old_key: Address
    new_key: Address
    active_from: int
    """Since which block the old key is in the set, as the registry has it."""

    def digest(self, *, chain_id: int, government: Address) -> Hash32:
        """Give what both keys sign.

        raises        CallArgumentError: a value does not fit its type.
        """
        domain = encode_values(
            "EIP712Domain",
            ("bytes32", "bytes32", "bytes32", "uint256", "address"),
            (_DOMAIN_TYPE, _NAME, _VERSION, chain_id, government),
        )
        message = encode_values(
            "RotateKey",
            ("bytes32", "address", "address", "uint64"),
            (_ROTATE_TYPE, self.old_key, self.new_key, self.active_from),
        )
        return keccak256(b"\x19\x01" + keccak256(domain) + keccak256(message))

    def proofs(
        self, old: Signer, new: Signer, *, chain_id: int, government: Address
    ) -> tuple[bytes, bytes]:
        """Sign with both keys: old, new; 65 bytes each."""
        digest = self.digest(chain_id=chain_id, government=government)
        return old.sign(digest), new.sign(digest)
