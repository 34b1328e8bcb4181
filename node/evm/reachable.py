"""Which nodes and code the states of a chain need (ledger.md section 9)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from node.base import rlp
from node.base.errors import CodecError, CorruptStoreError
from node.base.types import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, Hash32
from node.evm.state import read_account
from node.evm.trie_nodes import HASH_REFERENCE_BYTES, Branch, Extension, Leaf, Node, decode_node
from node.storage.chain_data import ChainData
from node.storage.state_nodes import NodeReader


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a state needs and that is not there, or not what it should be."""

    kind: str
    """``node`` or ``code``."""
    key: Hash32
    what: str


@dataclass(slots=True)
class Reachable:
    """What was found from the roots down."""

    nodes: set[Hash32] = field(default_factory=set[Hash32])
    code: set[Hash32] = field(default_factory=set[Hash32])
    gaps: list[Gap] = field(default_factory=list[Gap])
    """In the order in which they were met: the same in every run."""


def reachable(store: NodeReader, roots: Iterable[Hash32]) -> Reachable:
    """Walk states, the storage of their accounts included; each node is visited once.

    ``roots``     state roots, in any order, several times or empty as they come.
    """
    found = Reachable()
    storage_roots: list[Hash32] = []
    for leaf in _leaves(store, roots, found):
        try:
            account = read_account(leaf.value)
        except CodecError as error:
            found.gaps.append(Gap("node", leaf.of, f"a leaf is no account: {error.what}"))
            continue
        storage_roots.append(account.storage_root)
        if account.code_hash != EMPTY_CODE_HASH and account.code_hash not in found.code:
            found.code.add(account.code_hash)
            if store.code(account.code_hash) is None:
                found.gaps.append(Gap("code", account.code_hash, "missing"))
    for leaf in _leaves(store, storage_roots, found):
        try:
            rlp.decode_int(rlp.decode(leaf.value))
        except CodecError as error:
            found.gaps.append(Gap("node", leaf.of, f"a leaf is no slot: {error.what}"))
    return found


def live_nodes(chain: ChainData, store: NodeReader, kept_from: int) -> set[Hash32]:
    """Give the nodes of the states of all branches from a block on, and of the genesis.

    raises        CorruptStoreError: one of those states is not whole.
    """
    genesis_hash = chain.canonical(0)
    genesis = None if genesis_hash is None else chain.header(genesis_hash)
    roots = [state.root for state in chain.states_from(kept_from)]
    found = reachable(store, roots if genesis is None else [genesis.state_root, *roots])
    if found.gaps:
        gap = found.gaps[0]
        raise CorruptStoreError("state", f"{gap.kind} 0x{gap.key.hex()}", gap.what)
    return found.nodes


@dataclass(frozen=True, slots=True)
class _Leaf:
    of: Hash32
    """The stored node that holds it: a short leaf stands inside a branch."""
    value: bytes


def _leaves(store: NodeReader, roots: Iterable[Hash32], found: Reachable) -> Iterator[_Leaf]:
    """Give the leaves below roots, depth first; note nodes and gaps on the way."""
    stack = [root for root in roots if root != EMPTY_TRIE_ROOT]
    stack.reverse()
    while stack:
        key = stack.pop()
        if key in found.nodes:
            continue
        found.nodes.add(key)
        try:
            raw = store.node(key)
            leaves = None if raw is None else _open(key, decode_node(raw), stack)
        except (CorruptStoreError, ValueError, IndexError) as error:
            found.gaps.append(Gap("node", key, str(error)))
            continue
        if leaves is None:
            found.gaps.append(Gap("node", key, "missing"))
        else:
            yield from leaves


def _open(key: Hash32, node: Node, stack: list[Hash32]) -> list[_Leaf]:
    """Give the leaves inside one stored node; push the hashes of the nodes below it.

    raises        ValueError, IndexError: a node inside of it is none.
    """
    if isinstance(node, Leaf):
        return [_Leaf(key, node.value)]
    children = [node.child] if isinstance(node, Extension) else [*node.children]
    leaves: list[_Leaf] = []
    for child in reversed(children):
        if child is None:
            continue
        assert isinstance(child, bytes), "a decoded node holds references"
        if len(child) == HASH_REFERENCE_BYTES:
            stack.append(Hash32(child[1:]))
        else:
            leaves += _open(key, decode_node(child), stack)
    if isinstance(node, Branch) and node.value is not None:
        leaves.append(_Leaf(key, node.value))
    return leaves
