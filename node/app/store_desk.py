"""The block store of a node: files in, files out, and what peers ask of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.app.turn import Turn
from node.base.errors import PeerError, StorageError, UnavailableError, WardnetError
from node.base.limits import DAG_WALK_ENTRIES_MAX, READ_BYTES_MAX
from node.base.types import MICROS_PER_SECOND, Address, Cid
from node.ipfs_lite import events as exchange
from node.ipfs_lite.access import OWNER, REPLICA, ingest_root
from node.ipfs_lite.bans import BanBook
from node.ipfs_lite.blocks import (
    AccessRule,
    Batch,
    Block,
    BlockClass,
    Erased,
    EraseOrder,
    Guard,
    Pin,
)
from node.ipfs_lite.blockstore import BlockStore
from node.ipfs_lite.errors import (
    BadCborError,
    BadNodeError,
    CorruptBlockError,
    NotFoundError,
    TombstonedError,
)
from node.ipfs_lite.ingest import Ingest
from node.ipfs_lite.links import links_of
from node.ipfs_lite.selector import Graph
from node.ipfs_lite.session import FetchClient
from node.ipfs_lite.unixfs_read import file_bytes, read_all
from node.ipfs_lite.unixfs_write import write_bytes
from node.ipfs_lite.wants import Allowed, WantServer
from node.p2p.messages import XBlock, XGive, XWant, XWantEntry
from node.workflows.errors import FetchFailedError

Fetched: TypeAlias = tuple[bytes, ...] | WardnetError
Then: TypeAlias = Callable[[Turn, Fetched], None]

_GUARD_SECONDS: Final = 3_600
"""How long the blocks of a fetch are kept after the last one came, whether or not it ends."""
_INGEST_BLOCKS_COUNT_MIN: Final = 1_024
_INGEST_BLOCK_BYTES_MEAN: Final = 64 * 1_024
"""A file in custody has at most a block for so many bytes: each name that is missed costs memory,
and all profiles cut longer chunks."""


@dataclass(frozen=True, slots=True)
class _Fetch:
    cids: tuple[Cid, ...]
    then: Then
    klass: BlockClass
    claim: Cid | None = None
    """The root of an ingest; its caller keeps the file and does not read it."""
    bytes_max: int = READ_BYTES_MAX
    blocks_max: int = DAG_WALK_ENTRIES_MAX


class StoreDesk:
    """Wires the exchange to the wire and to callers inside the node.

    ``allowed`` says which peer may have which block (by multihash), at which time.
    """

    def __init__(self, store: BlockStore, allowed: Allowed) -> None:
        self.store = store
        self.bans = BanBook()
        """Whom this node does not ask, nor answer, until when."""
        self._client = FetchClient(store, self.bans)
        self._server = WantServer(store, allowed)
        self._fetches: dict[int, _Fetch] = {}
        self._next_session = 0

    def add(
        self, turn: Turn, data: bytes, klass: BlockClass, copies: tuple[Address, ...] = ()
    ) -> Cid:
        """Add and pin a file that was made here; give its root.

        ``copies``    who may have it because they were chosen to keep it.

        raises        StoreFullError: then nothing of the file is kept.
        """
        blocks: dict[Cid, bytes] = {}
        root = write_bytes(data, blocks.__setitem__).cid
        fresh = [cid for cid in blocks if not self.store.has(cid)]
        try:
            ingest = Ingest(self.store, klass=klass, claim=root)
            for cid, block in blocks.items():
                ingest.add(cid, block)
            ingest.finish((_pin(root, turn),))
        except StorageError:
            for cid in fresh:
                self.store.delete(cid)
            raise
        if copies:
            rules = tuple(AccessRule(root, operator, REPLICA) for operator in copies)
            self.store.set_rules(root, rules)
        for cid in fresh:
            self._serve(turn, exchange.BlockStored(cid))
        return root

    def claim(self, file: Cid, root: Cid) -> None:
        """Count a file that an ingest brought among the blocks of another root of that ingest."""
        ingest = Ingest(self.store, klass=BlockClass.SEALED, claim=root)
        for cid in self._below(file):
            data = self._local(cid)
            if data is not None:
                ingest.add(cid, data)
        ingest.finish()

    def drop(self, root: Cid) -> None:
        """Forget a file and every block of it that can be found: none below a corrupt one.

        raises        BadCidError, HashNotAllowedError: ``root`` names no storable block.
        """
        if self.store.pin_of(root) is not None:
            self.store.unpin(root)
        for cid in self._below(root):
            self.store.delete(cid)
        self.store.set_rules(root, ())

    def erase(self, order_id: bytes, root: Cid, at_s: int) -> Erased:
        """Destroy a file for good: its blocks are never taken in again.  raises StorageError."""
        return self.store.erase(EraseOrder(order_id, root, at_s))

    def fetch(
        self,
        turn: Turn,
        cids: tuple[Cid, ...],
        holders: tuple[Address, ...],
        then: Then,
        klass: BlockClass = BlockClass.SEALED,
        *,
        bytes_max: int = READ_BYTES_MAX,
    ) -> int:
        """Have files here, then go on with their bytes or with what went wrong.

        They are for a reader here: sealed ones are passed on to nobody.  Gives the number by
        which the fetch may be cancelled; ``then`` may have been called by then.

        raises        BadCidError, HashNotAllowedError: a name of no storable block; ``then`` is
                      not called.
        """
        return self._begin(turn, _Fetch(cids, then, klass, bytes_max=bytes_max), holders)

    def cancel(self, turn: Turn, session: int) -> None:
        """End a fetch of which nobody wants to hear any more; one that is over stays so."""
        if self._fetches.pop(session, None) is not None:
            self._ask(turn, exchange.FetchCancelled(session))
            self._release(session)

    def awaits(self, peer: Address, cid: Cid) -> bool:
        """Say whether a fetch asked a peer for a block."""
        return self._client.awaits(peer, cid)

    def ingest(
        self, turn: Turn, file: Cid, owner: Address | None, bytes_max: int, then: Then
    ) -> None:
        """Take a sealed file into custody from its owner's node, which may have it back.

        Every byte comes from there, even if it is here already for another owner: that is what
        makes a claim.  It is pinned once it is whole, and ``then`` gets no bytes: a few blocks
        can unfold to gigabytes, and nobody here reads them.  Errors as ``fetch``.

        ``owner``       None: this node itself, which has added the file.
        ``bytes_max``   of all its blocks; more is not taken.
        """
        root = file if owner is None else ingest_root(file, owner)

        def kept(turn: Turn, files: Fetched) -> None:
            if isinstance(files, WardnetError):
                then(turn, files)
                return
            try:
                self.store.commit(Batch(pins=(_pin(file, turn),)))
                if owner is not None:
                    self.store.set_rules(root, (AccessRule(root, owner, OWNER),))
            except (StorageError, UnavailableError) as error:
                then(turn, error)
                return
            self.access_changed(turn)
            then(turn, files)

        holders = () if owner is None else (owner,)
        blocks_max = _INGEST_BLOCKS_COUNT_MIN + bytes_max // _INGEST_BLOCK_BYTES_MEAN
        fetch = _Fetch((file,), kept, BlockClass.SEALED, root, bytes_max, blocks_max)
        self._begin(turn, fetch, holders)

    def access_changed(self, turn: Turn) -> None:
        """Judge waiting wants again: rules, or the time that they count by, are others now."""
        self._serve(turn, exchange.AccessChanged())

    def _begin(self, turn: Turn, fetch: _Fetch, holders: tuple[Address, ...]) -> int:
        self._next_session += 1
        session = self._next_session
        started = exchange.FetchStarted(
            session,
            Graph(fetch.cids),
            holders,
            bytes_max=fetch.bytes_max,
            claim=fetch.claim,
            blocks_max=fetch.blocks_max,
        )
        effects = self._client.handle(started, turn.now)
        self._fetches[session] = fetch
        self._apply(turn, "fetch", effects)
        return session

    def peer_connected(self, turn: Turn, peer: Address) -> None:
        """A peer can be asked, and may ask."""
        self._ask(turn, exchange.PeerJoined(peer))
        self._serve(turn, exchange.PeerJoined(peer))

    def peer_lost(self, turn: Turn, peer: Address) -> None:
        """A peer cannot be asked any more, and asks no more."""
        self._ask(turn, exchange.PeerGone(peer))
        self._serve(turn, exchange.PeerGone(peer))

    def wanted(self, turn: Turn, peer: Address, message: XWant) -> None:
        """A peer asks for blocks; a list with a name that no block can have is a breach.

        Who lied about blocks is not answered until its ban ends, whether or not it came back.
        """
        if self.bans.is_banned(peer, turn.now):
            return
        entries = tuple(exchange.WantEntry(*entry) for entry in message.entries)
        try:
            effects = self._server.handle(
                exchange.WantReceived(peer, entries, message.full), turn.now
            )
        except PeerError as error:
            turn.note("p2p.peer_breached", peer=peer, why=str(error))
            return
        self._apply(turn, "serve", effects)

    def given(self, turn: Turn, peer: Address, message: XGive) -> None:
        """A peer answers."""
        self._ask(turn, exchange.GiveReceived(peer, message.blocks, message.have, message.dont))

    def timer_fired(self, turn: Turn, side: str, timer: str) -> None:
        """A timer of one side of the exchange is due."""
        if side == "fetch":
            self._ask(turn, exchange.TimerExpired(timer))
        else:
            self._serve(turn, exchange.TimerExpired(timer))

    def _ask(self, turn: Turn, event: exchange.FetchEvent) -> None:
        self._apply(turn, "fetch", self._client.handle(event, turn.now))

    def _serve(self, turn: Turn, event: exchange.WantEvent) -> None:
        self._apply(turn, "serve", self._server.handle(event, turn.now))

    def _apply(self, turn: Turn, side: str, effects: tuple[exchange.Effect, ...]) -> None:
        left: dict[Address, int] = {}
        for effect in effects:
            self._do(turn, side, effect)
            if isinstance(effect, exchange.SendGive) and effect.blocks:
                block_bytes = sum(len(data) for _, data in effect.blocks)
                left[effect.peer] = left.get(effect.peer, 0) + block_bytes
        for peer, block_bytes in left.items():  # a driver takes frames as they come
            self._serve(turn, exchange.GiveLeft(peer, block_bytes))

    def _do(self, turn: Turn, side: str, effect: exchange.Effect) -> None:
        match effect:
            case exchange.SendWant(peer, entries):
                wanted = tuple(XWantEntry(one.cid, one.priority, one.flags) for one in entries)
                turn.send(peer, XWant(full=False, entries=wanted))
            case exchange.SendGive(peer, blocks, have, dont, pending):
                sent = tuple(XBlock(prefix, data) for prefix, data in blocks)
                turn.send(peer, XGive(blocks=sent, have=have, dont=dont, pending=pending))
            case exchange.BlockFetched(session, cid, data, _):
                self._keep(turn, session, cid, data)
            case exchange.FetchFinished(session):
                self._finish(turn, session)
            case exchange.FetchFailed(session, missing, asked, why):
                self._end(turn, session, FetchFailedError(missing, asked, why))
            case exchange.ScheduleTimer(timer, at_us):
                turn.set_timer(("store", side, timer), at_us)
            case exchange.BanPeer(lie):
                turn.note("store.peer_banned", peer=lie.peer, cid=lie.cid, digest=lie.digest)
                self._serve(turn, exchange.PeerGone(lie.peer))
            case exchange.DropPeer(peer, why):
                turn.note("store.peer_dropped", peer=peer, why=why)
                self._serve(turn, exchange.PeerGone(peer))
            case exchange.BlockCorrupt(cid):
                turn.note("store.block_corrupt", cid=cid)

    def _keep(self, turn: Turn, session: int, cid: Cid, data: bytes) -> None:
        """Store a block that was fetched; one that finds no room, or was erased, ends the fetch."""
        fetch = self._fetches.get(session)
        if fetch is None:
            return  # the block before it was not taken
        try:
            guard = Guard(_guard_name(session), turn.now // MICROS_PER_SECOND + _GUARD_SECONDS)
            block = Block(cid, data)
            self.store.commit(Batch((block,), fetch.klass, guard=guard, claim=fetch.claim))
        except (StorageError, TombstonedError) as error:
            self._ask(turn, exchange.FetchCancelled(session))
            self._end(turn, session, error)
        else:
            self._serve(turn, exchange.BlockStored(cid))

    def _finish(self, turn: Turn, session: int) -> None:
        fetch = self._fetches.get(session)
        if fetch is None:
            return  # its last block was not taken
        try:
            files: Fetched = ()
            if fetch.claim is None:
                files = tuple(read_all(self.store.get, cid) for cid in fetch.cids)
            else:
                file_bytes(self.store.get, *fetch.cids)  # raises if its root is no file's
        except WardnetError as error:
            files = error
        self._end(turn, session, files)

    def _end(self, turn: Turn, session: int, files: Fetched) -> None:
        fetch = self._fetches.pop(session, None)
        if fetch is not None:
            fetch.then(turn, files)
            self._release(session)

    def _release(self, session: int) -> None:
        with suppress(StorageError):  # a guard that cannot be taken off ends by itself
            self.store.commit(Batch(release=_guard_name(session)))

    def _below(self, root: Cid) -> Iterator[Cid]:
        """Give a file's blocks, as far as they can be found; each is read before it is given."""
        left, met = [root], {root}
        while left:
            cid = left.pop()
            data = self._local(cid)
            if data is not None:
                with suppress(BadNodeError, BadCborError):  # such a node leads nowhere
                    fresh = [link for link in dict.fromkeys(links_of(cid, data)) if link not in met]
                    met.update(fresh)
                    left.extend(fresh)
            yield cid

    def _local(self, cid: Cid) -> bytes | None:
        try:
            return self.store.get(cid)
        except (NotFoundError, CorruptBlockError):
            return None


def _pin(root: Cid, turn: Turn) -> Pin:
    return Pin(root, created_s=turn.now // MICROS_PER_SECOND)


def _guard_name(session: int) -> str:
    return f"fetch {session}"
