"""Which nodes and code a state consists of, found by reading them."""

from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from node.base.errors import CodecError, CorruptStoreError
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Hash32
from node.evm.errors import MissingStateError
from node.evm.state import read_account
from node.evm.trie_nodes import HASH_REFERENCE_BYTES, Branch, Extension, Leaf, decode_node
from node.storage.state_nodes import StateNodes

_HASH_PREFIX: Final = 0xA0
_INLINE_BYTES_MAX: Final = 31
"""A node of so many bytes stands in its parent, a longer one under its hash (Yellow Paper D)."""


class Kind(Enum):
    """What a record of a state is; the bytes alone do not say."""

    ACCOUNTS = "account node"
    SLOTS = "storage node"
    CODE = "code"


class Reference(NamedTuple):
    """A record that another one names by its hash."""

    kind: Kind
    key: Hash32


def root_reference(state_root: Hash32) -> tuple[Reference, ...]:
    """Give where the walk of a state begins; nothing for the empty state."""
    return () if state_root == EMPTY_TRIE_ROOT else (Reference(Kind.ACCOUNTS, state_root),)


def references(kind: Kind, raw: bytes) -> list[Reference]:
    """Give the records that a record names, in the order in which they stand in it.

    raises        ValueError: the bytes are no record of this kind.
    """
    if kind is Kind.CODE:
        return []
    found: list[Reference] = []
    _collect(kind, raw, found)
    return found


def _collect(kind: Kind, raw: bytes, found: list[Reference]) -> None:
    try:
        node = decode_node(raw)
    except IndexError as error:
        raise ValueError("a truncated node") from error
    if isinstance(node, Leaf):
        if kind is Kind.ACCOUNTS:
            _of_account(node.value, found)
        return
    children = node.children if isinstance(node, Branch) else [node.child]
    for child in children:
        if child is None:
            continue
        assert isinstance(child, bytes), "a decoded node has references for children"
        if len(child) == HASH_REFERENCE_BYTES and child[0] == _HASH_PREFIX:
            found.append(Reference(kind, Hash32(child[1:])))
            continue
        # A longer one is canonical nowhere, and nested as deep as a record allows it would run
        # this function out of frames.
        if len(child) > _INLINE_BYTES_MAX:
            raise ValueError(
                f"a child of {len(child)} bytes inside its parent, wants its hash or a node of "
                f"{_INLINE_BYTES_MAX}"
            )
        _collect(kind, child, found)
    if isinstance(node, Extension):
        return
    if kind is Kind.ACCOUNTS and node.value is not None:
        _of_account(node.value, found)


def _of_account(value: bytes, found: list[Reference]) -> None:
    try:
        account = read_account(value)
    except CodecError as error:
        raise ValueError(f"an account that is none: {error.what}") from error
    if account.storage_root != EMPTY_TRIE_ROOT:
        found.append(Reference(Kind.SLOTS, account.storage_root))
    if account.code_hash != EMPTY_CODE_HASH:
        found.append(Reference(Kind.CODE, account.code_hash))


def walk(nodes: StateNodes, state_root: Hash32) -> Iterator[tuple[Reference, bytes]]:
    """Give every record of a state once, breadth first from its root.

    raises        MissingStateError: a record is not stored; CorruptStoreError: one is none.
    """
    queue = deque(root_reference(state_root))
    seen = set(queue)
    while queue:
        reference = queue.popleft()
        kind, key = reference
        raw = nodes.code(key) if kind is Kind.CODE else nodes.node(key)
        if raw is None:
            raise MissingStateError(key)
        yield reference, raw
        try:
            named = references(kind, raw)
        except ValueError as error:
            raise CorruptStoreError("state nodes", f"0x{key.hex()}", str(error)) from error
        for child in named:
            if child not in seen:
                seen.add(child)
                queue.append(child)
