"""A chain with the state after its head, as a sequence of records that check one another.

1. a manifest: format, version, genesis hash, number, head hash, counts of nodes and of code
2. for each block above the genesis two: the block, and the list of its receipts' envelopes
3. every trie node and every code of the state after the head, once, breadth first from its root,
   each with its kind: 0 account node, 1 storage node, 2 code

Headers are judged before anything is believed (the seal by the engine), bodies and receipts by the
roots in the headers, and a node or code only counts if its hash is one that is waited for: so any
flipped byte is found at the record where it stands.  What the reader gets is the chain without its
older states; blocks above the head are executed as ever (ledger.md section 9).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError, InvalidBlockError
from node.base.header import Header
from node.base.header_form import WHOLE, HeaderForm
from node.base.header_form import joined as joined_block
from node.base.keccak import keccak256
from node.base.limits import SNAPSHOT_BATCH_RECORDS_MAX, SNAPSHOT_WAITING_COUNT_MAX
from node.base.types import Hash32
from node.evm.block_tree import BlockTree
from node.evm.blocks import check_body, check_child, check_header
from node.evm.blooms import joined
from node.evm.chain_errors import SnapshotError
from node.evm.forks import Profile
from node.evm.receipts import Receipt
from node.evm.state_walk import Kind, Reference, references, root_reference, walk
from node.evm.trie import list_root
from node.storage.chain_data import StoredBlock
from node.storage.ledger_store import LedgerStore

FORMAT: Final = b"wardnet-snapshot"
VERSION: Final = 1

_KINDS: Final = (Kind.ACCOUNTS, Kind.SLOTS, Kind.CODE)
SealCheck = Callable[[Header, Header], str | None]
"""Judges a header on its parent's: the rule that it breaks, or None."""


class Manifest(NamedTuple):
    """What a snapshot says it holds."""

    genesis_hash: Hash32
    number: int
    """Of the newest block."""
    head_hash: Hash32
    nodes: int
    code: int

    def encode(self) -> bytes:
        """Give the first record."""
        return rlp.encode(
            [
                FORMAT,
                rlp.encode_int(VERSION),
                self.genesis_hash,
                rlp.encode_int(self.number),
                self.head_hash,
                rlp.encode_int(self.nodes),
                rlp.encode_int(self.code),
            ]
        )


def write_snapshot(
    store: LedgerStore, head_hash: Hash32, form: HeaderForm = WHOLE
) -> Iterator[bytes]:
    """Give the records of a snapshot of the chain up to a block of it, each as an RLP item.

    raises        UnknownBlockError; MissingStateError: the state of the block is not kept.
    """
    tree = BlockTree(store.chain)
    header = tree.stored(head_hash).block.header
    genesis_hash = store.chain.canonical(0)
    assert genesis_hash is not None, "a ledger has opened this store"
    nodes = code = 0
    for reference, _ in walk(store.nodes, header.state_root):
        if reference.kind is Kind.CODE:
            code += 1
        else:
            nodes += 1
    yield Manifest(genesis_hash, header.number, head_hash, nodes, code).encode()
    for number in range(1, header.number + 1):
        block_hash = store.chain.canonical(number)
        assert block_hash is not None, "every number up to the head is on the chain"
        stored = tree.stored(block_hash)
        yield joined_block(stored.block, stored.certificate, form).encode()
        yield rlp.encode(stored.receipts)
    for reference, raw in walk(store.nodes, header.state_root):
        yield rlp.encode([rlp.encode_int(_KINDS.index(reference.kind)), raw])


def read_snapshot(
    records: Iterable[bytes],
    store: LedgerStore,
    profile: Profile,
    check_seal: SealCheck,
    form: HeaderForm = WHOLE,
) -> Manifest:
    """Take a snapshot into a store that holds the genesis and nothing else: all of it, or nothing.

    ``records``     each one an RLP item, in their order.
    ``form``        how headers travel, in the records; ``check_seal`` gets them so.
    raises          SnapshotError: number of the record, and what is wrong with it.
    """
    source = _Source(records)
    manifest = source.manifest()
    chain = store.chain
    genesis_hash, head = chain.canonical(0) or b"", chain.head() or b""
    if genesis_hash != manifest.genesis_hash:
        raise SnapshotError(
            0, f"it begins at 0x{manifest.genesis_hash.hex()}, the store at 0x{genesis_hash.hex()}"
        )
    if head != genesis_hash:
        what = "the store must hold nothing but the genesis, it stands at"
        raise SnapshotError(0, f"{what} 0x{head.hex()}")
    with store.batch():
        parent = BlockTree(chain).stored(manifest.genesis_hash)
        added: list[Hash32] = []
        for _ in range(manifest.number):
            parent = source.block(parent, profile, check_seal, form)
            chain.put(parent)
            added.append(parent.hash)
        if parent.hash != manifest.head_hash:
            raise SnapshotError(source.number, "the last block is not the head of the manifest")
        _take_state(source, store, manifest, parent.block.header.state_root)
        chain.move_head((), added)
        store.keep_states_from(manifest.number)
    return manifest


class _Source:
    """The records, and the number of the one that was read last."""

    def __init__(self, records: Iterable[bytes]) -> None:
        self._records = iter(records)
        self.number = -1

    def next(self) -> bytes | None:
        self.number += 1
        return next(self._records, None)

    def record(self, what: str) -> bytes:
        raw = self.next()
        if raw is None:
            raise SnapshotError(self.number, f"the snapshot ends where {what} is due")
        return raw

    def item(self, what: str) -> rlp.Decoded:
        raw = self.record(what)
        try:
            return rlp.decode(raw)
        except CodecError as error:
            raise SnapshotError(self.number, f"{what}: {error.what}") from error

    def manifest(self) -> Manifest:
        items = self.item("the manifest")
        try:
            return _manifest(items)
        except CodecError as error:
            raise SnapshotError(self.number, error.what) from error

    def block(
        self, parent: StoredBlock, profile: Profile, check_seal: SealCheck, form: HeaderForm
    ) -> StoredBlock:
        raw = self.record("a block")
        try:
            sealed = Block.decode(raw)
            kept, certificate = form.split(sealed.header)
            block = replace(sealed, header=kept)
            _check(block, parent, profile)
            _check_seal(sealed.header, parent, check_seal)
        except (CodecError, InvalidBlockError) as error:
            raise SnapshotError(self.number, str(error)) from error
        items = self.item("a list of receipts")
        try:
            receipts = _envelopes(items)
            _check_receipts(block, receipts)
        except (CodecError, InvalidBlockError) as error:
            raise SnapshotError(self.number, str(error)) from error
        return StoredBlock(
            block.header.hash(),
            block,
            parent.total_difficulty + block.header.difficulty,
            receipts,
            tuple(keccak256(raw) for raw in block.transactions),
            certificate=certificate,
        )

    def state_record(self) -> tuple[Kind, bytes]:
        items = self.item("a node or code")
        try:
            return _kind_and_bytes(items)
        except CodecError as error:
            raise SnapshotError(self.number, error.what) from error


def _manifest(items: rlp.Decoded) -> Manifest:
    if isinstance(items, bytes) or len(items) != 7 or items[0] != FORMAT:
        raise CodecError("manifest", "this is no snapshot of a wardnet chain")
    version = rlp.decode_int(items[1])
    if version != VERSION:
        raise CodecError("manifest", f"version {version}, this program reads {VERSION}")
    counts = [rlp.decode_int(items[at], bytes_max=8) for at in (3, 5, 6)]
    return Manifest(_hash(items[2]), counts[0], _hash(items[4]), counts[1], counts[2])


def _envelopes(items: rlp.Decoded) -> tuple[bytes, ...]:
    receipts = tuple(item for item in items if isinstance(item, bytes))
    if isinstance(items, bytes) or len(receipts) != len(items):
        raise CodecError("receipts", "wants a list of envelopes")
    return receipts


def _kind_and_bytes(items: rlp.Decoded) -> tuple[Kind, bytes]:
    if isinstance(items, bytes) or len(items) != 2 or not isinstance(items[1], bytes):
        raise CodecError("state", "wants a list of kind and node or code")
    number = rlp.decode_int(items[0], bytes_max=1)
    if number >= len(_KINDS):
        raise CodecError("state", f"kind {number}, wants 0, 1 or 2")
    return _KINDS[number], items[1]


def _check(block: Block, parent: StoredBlock, profile: Profile) -> None:
    header, before = block.header, parent.block.header
    check_header(header, profile)
    if header.parent_hash != parent.hash:
        raise InvalidBlockError(
            "parent hash", f"0x{parent.hash.hex()}", f"0x{header.parent_hash.hex()}"
        )
    check_child(header, before)
    check_body(block)


def _check_seal(header: Header, parent: StoredBlock, check_seal: SealCheck) -> None:
    broken = check_seal(header, parent.block.header)
    if broken is not None:
        raise InvalidBlockError(broken, "what the engine allows", "this header")


def _check_receipts(block: Block, encoded: Sequence[bytes]) -> None:
    header = block.header
    root = list_root(encoded)
    if root != header.receipts_root:
        raise InvalidBlockError(
            "receipts root", f"0x{header.receipts_root.hex()}", f"0x{root.hex()}"
        )
    receipts = [Receipt.decode(raw) for raw in encoded]
    if len(receipts) != len(block.transactions):
        count = str(len(block.transactions))
        raise InvalidBlockError("receipts count", count, str(len(receipts)))
    if joined(receipt.bloom for receipt in receipts) != header.logs_bloom:
        raise InvalidBlockError("logs bloom", "that of the receipts", "another")
    used = receipts[-1].cumulative_gas_used if receipts else 0
    if used != header.gas_used:
        raise InvalidBlockError("gas used", str(used), str(header.gas_used))


def _take_state(source: _Source, store: LedgerStore, manifest: Manifest, root: Hash32) -> None:
    """Take nodes and code, each one only if a record before it names it."""
    waiting = _Waiting(root)
    nodes: dict[Hash32, bytes] = {}
    code: dict[Hash32, bytes] = {}
    for _ in range(manifest.nodes + manifest.code):
        kind, raw = source.state_record()
        key = keccak256(raw)
        waiting.take(Reference(kind, key), raw, source.number)
        (code if kind is Kind.CODE else nodes)[key] = raw
        if len(nodes) + len(code) >= SNAPSHOT_BATCH_RECORDS_MAX:
            store.nodes.put(nodes, code)
            nodes, code = {}, {}
    store.nodes.put(nodes, code)
    if waiting.open:
        missing = min(reference.key for reference in waiting.open)
        raise SnapshotError(source.number, f"the state is not whole: 0x{missing.hex()} is missing")
    if source.next() is not None:
        raise SnapshotError(source.number, "a record behind the last one of the manifest")


class _Waiting:
    """What records so far have named and has not come."""

    def __init__(self, root: Hash32) -> None:
        self.open = set(root_reference(root))
        self._named = set(self.open)

    def take(self, reference: Reference, raw: bytes, number: int) -> None:
        """Take a record off, and wait for what it names.

        raises        SnapshotError: nothing waits for it, or it is no record of its kind.
        """
        if reference not in self.open:
            what = f"nothing names this {reference.kind.value}: 0x{reference.key.hex()}"
            raise SnapshotError(number, what)
        self.open.remove(reference)
        try:
            named = references(reference.kind, raw)
        except ValueError as error:
            raise SnapshotError(number, f"{reference.kind.value}: {error}") from error
        new = [one for one in named if one not in self._named]
        self._named.update(new)
        self.open.update(new)
        if len(self.open) > SNAPSHOT_WAITING_COUNT_MAX:
            raise SnapshotError(number, f"more than {SNAPSHOT_WAITING_COUNT_MAX} records named")


def _hash(item: rlp.Decoded) -> Hash32:
    if not isinstance(item, bytes) or len(item) != 32:
        raise CodecError("manifest", "a hash that has not 32 bytes")
    return Hash32(item)
