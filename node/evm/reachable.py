"""Which nodes and code the states of a chain need (ledger.md section 9)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from node.base.errors import CorruptStoreError
from node.base.types import Hash32
from node.evm.state_walk import Kind, references, root_reference
from node.storage.chain_data import ChainData
from node.storage.state_nodes import NodeReader


@dataclass(frozen=True, slots=True)
class Gap:
    """A record that a state needs and that is not there, or not what it should be."""

    kind: Kind
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
    """Walk states, depth first, the storage of their accounts included; no record twice.

    ``roots``     state roots, in any order, several times or empty as they come.
    """
    found = Reachable()
    stack = [reference for root in roots for reference in root_reference(root)]
    stack.reverse()
    while stack:
        kind, key = stack.pop()
        is_code = kind is Kind.CODE
        known = found.code if is_code else found.nodes
        if key in known:
            continue
        known.add(key)
        try:
            raw = store.code(key) if is_code else store.node(key)
            named = None if raw is None else references(kind, raw)
        except (CorruptStoreError, ValueError) as error:
            found.gaps.append(Gap(kind, key, str(error)))
            continue
        if named is None:
            found.gaps.append(Gap(kind, key, "missing"))
        else:
            stack += reversed(named)
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
        raise CorruptStoreError("state", f"{gap.kind.value} 0x{gap.key.hex()}", gap.what)
    return found.nodes
