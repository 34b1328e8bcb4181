"""Proofs of accounts and storage slots: whoever has the state root can check them (EIP-1186)."""

from collections.abc import Sequence
from dataclasses import dataclass

from node.base.limits import PROOF_SLOTS_COUNT_MAX
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Address, Hash32
from node.evm.errors import QueryError, QueryLimitError
from node.evm.state import Account, StateView

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SlotProof:
    """A storage slot and the nodes from the storage root towards it."""

    key: bytes
    """As it was asked for: an answer echoes it."""
    value: int
    """0: the slot is not in the trie, and the nodes prove that."""
    nodes: tuple[bytes, ...]
    """Empty where the account has no storage at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProof:
    """An account, some of its slots, and the nodes from the state root towards it.

    An account that does not exist reads as an empty one; the nodes prove its absence.
    """

    address: Address
    nonce: int
    balance: int
    code_hash: Hash32
    storage_root: Hash32
    nodes: tuple[bytes, ...]
    slots: tuple[SlotProof, ...]


def get_proof(view: StateView, address: Address, keys: Sequence[bytes] = ()) -> AccountProof:
    """Prove an account and slots of its storage under the root of ``view``.

    ``keys``      slot numbers, big-endian, 0 .. 32 bytes each; answered in this order.
    raises        QueryError: a longer key; QueryLimitError: more than PROOF_SLOTS_COUNT_MAX keys;
                  MissingStateError: the state is not kept in full.
    source        EIP-1186; an absent account has the hash of empty code, as in go-ethereum 1.13.
    """
    if len(keys) > PROOF_SLOTS_COUNT_MAX:
        raise QueryLimitError("account proof", PROOF_SLOTS_COUNT_MAX, "slots")
    for key in keys:
        if len(key) > _KEY_BYTES:
            raise QueryError(f"storage key of {len(key)} bytes, wants at most {_KEY_BYTES}")
    account = view.full_account(address) or Account(0, 0, EMPTY_TRIE_ROOT, EMPTY_CODE_HASH)
    return AccountProof(
        address=address,
        nonce=account.nonce,
        balance=account.balance,
        code_hash=account.code_hash,
        storage_root=account.storage_root,
        nodes=tuple(view.account_proof(address)),
        slots=tuple(_slot_proof(view, address, key) for key in keys),
    )


def _slot_proof(view: StateView, address: Address, key: bytes) -> SlotProof:
    slot = int.from_bytes(key)
    return SlotProof(key, view.slot(address, slot), tuple(view.slot_proof(address, slot)))
