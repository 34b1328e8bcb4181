"""Repair in a node: who should have which manifest, who shows it, who makes the copy that lacks.

Wires the pure machines of content-store.md section 14 to the final chain, the block store and the
wire.  What is copied are the manifests of records, public blocks that the ledger names; shares and
fragments have one copy each and are watched only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.app.chain_desk import ChainDesk
from node.app.record_watch import NamedRecord, RecordWatch
from node.app.store_desk import Fetched, StoreDesk
from node.app.turn import Turn
from node.app.validator_sets import RegistryValidators
from node.base.errors import PeerError, RefusedError, StorageError, UnavailableError, WardnetError
from node.base.limits import MANIFEST_BYTES_MAX, STORE_BYTES_MAX
from node.base.ports import Entropy
from node.base.types import MICROS_PER_SECOND, Address, Cid
from node.contracts.suite import ContractSuite
from node.ipfs_lite import challenge, repair, scrub
from node.ipfs_lite import repair_events as told
from node.ipfs_lite.assignments import StoreNode
from node.ipfs_lite.blocks import Batch, BlockClass, Pin
from node.ipfs_lite.cid import from_prefix, make_cid, multihash_of
from node.ipfs_lite.errors import NotEnoughReplicasError
from node.ipfs_lite.events import PeerGone, PeerJoined, ScheduleTimer, TimerExpired, WantFlag
from node.ipfs_lite.repair import RepairKeeper, RepairSettings, RepairStat
from node.ipfs_lite.replication import RF_MAX, RF_MIN, allocate
from node.ipfs_lite.unixfs_read import read_all
from node.p2p.messages import XCopy, XGive, XWant, XWantEntry
from node.sss.commitments import Manifest

_RAW: Final = b"\x01\x55"
_STAGES: Final = tuple(told.CopyStage)
"""A stage travels as its place here."""
_WANT_HAVE: Final = int(WantFlag.HAVE | WantFlag.DONT_HAVE)
_WANT_BLOCK: Final = int(WantFlag.DONT_HAVE)
_FETCH_BYTES_MAX: Final = 2 * MANIFEST_BYTES_MAX
"""A manifest, and the nodes above its leaves."""


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """How repair is in a network; times in microseconds."""

    entropy: Entropy
    """Draws what each peer is asked to show."""
    settings: RepairSettings = field(default_factory=RepairSettings)
    rf_min: int = RF_MIN
    rf_max: int = RF_MAX
    challenge_us: int = challenge.INTERVAL_US
    scrub_us: int = scrub.PAUSE_US


class RepairDesk:
    """The repair of one node, and what tells it how the others are."""

    def __init__(
        self,
        plan: RepairPlan,
        *,
        me: Address,
        chain: ChainDesk,
        contracts: ContractSuite,
        sets: RegistryValidators,
        stores: StoreDesk,
    ) -> None:
        self._plan = plan
        self._me = me
        self._stores = stores
        self._watch = RecordWatch(chain, contracts, sets)
        self._keeper = RepairKeeper(me, plan.settings, STORE_BYTES_MAX)
        self._challenger = challenge.Challenger(
            self._keeper.assigned, plan.entropy, plan.challenge_us
        )
        self._scrubber = scrub.Scrubber(stores.store, plan.scrub_us)
        self._members: tuple[Address, ...] = ()
        self._tracked: dict[bytes, Cid] = {}
        """Manifests by multihash."""
        self._extras: dict[Cid, None] = {}
        """Manifests that this node keeps although the ledger alone would not say so."""
        self._peers: dict[Address, None] = {}
        self._asked: dict[tuple[Address, Cid], None] = {}
        """Challenges without an answer."""
        self._copying: dict[Cid, int | None] = {}
        """Copies on their way, and the numbers of their fetches."""
        self._is_started = False
        chain.on_head.append(self.head_moved)

    def stat(self) -> RepairStat:
        """Give the figures of ``repo stat``."""
        return self._keeper.stat()

    def start(self, turn: Turn) -> None:
        """Begin: what the chain named before, and is not here, was lost and not yet given."""
        self._is_started = True
        self._follow(turn, is_new=False)
        self._scrub(turn, scrub.ScrubStarted())

    def head_moved(self, turn: Turn) -> None:
        """Follow the final block."""
        if self._is_started:
            self._follow(turn, is_new=True)

    def peer_connected(self, turn: Turn, peer: Address) -> None:
        """A peer can be challenged; it may have missed what this node took over."""
        self._peers[peer] = None
        for cid in self._extras:
            turn.send(peer, XCopy(cid, _STAGES.index(told.CopyStage.DONE)))
        self._challenge(turn, PeerJoined(peer))

    def peer_lost(self, turn: Turn, peer: Address) -> None:
        """A peer answers no more."""
        self._peers.pop(peer, None)
        self._asked = {key: None for key in self._asked if key[0] != peer}
        self._challenge(turn, PeerGone(peer))

    def copy_told(self, turn: Turn, peer: Address, message: XCopy) -> None:
        """A peer says what becomes of its copy."""
        self._repair(turn, told.CopyHeard(peer, message.cid, _STAGES[message.stage]))

    def given(self, turn: Turn, peer: Address, message: XGive) -> XGive:
        """Take the answers to challenges out of what a peer gave; give what is left of it."""
        if not any(asked == peer for asked, _ in self._asked):
            return message
        left = tuple(one for one in message.blocks if not self._shown(turn, peer, *one))
        for cid in message.have:
            self._answered(turn, peer, cid, has_it=True)
        for cid in message.dont:
            if self._answered(turn, peer, cid, has_it=False) and not self._stores.awaits(peer, cid):
                turn.send(peer, _want(cid, int(WantFlag.CANCEL)))  # else it waits on over there
        return XGive(left, message.have, message.dont, message.pending)

    def timer_fired(self, turn: Turn, name: str) -> None:
        """A timer of one of the machines is due."""
        event = TimerExpired(name)
        match name:
            case repair.TIMER:
                self._repair(turn, event)
            case challenge.TIMER:
                self._challenge(turn, event)
            case scrub.TIMER:
                self._scrub(turn, event)
            case _:
                raise AssertionError(f"repair has no timer {name}")

    # what the chain names

    def _follow(self, turn: Turn, *, is_new: bool) -> None:
        try:
            changes = self._watch.advance()
        except UnavailableError as error:
            turn.note("store.members_unknown", why=str(error))
            return
        if changes is None:
            return
        if changes.members != self._members:
            self._members = changes.members
            members = tuple(told.Member(one, bytes(one)) for one in changes.members)
            self._repair(turn, told.MembersChanged(members))
        for cid in changes.lost:
            self._tracked.pop(multihash_of(cid), None)
            self._extras.pop(cid, None)
            self._repair(turn, told.Untracked(cid))
        for record in changes.gained:
            self._track(turn, record, is_new=is_new)

    def _track(self, turn: Turn, record: NamedRecord, *, is_new: bool) -> None:
        cid, plan = record.cid, self._plan
        nodes = [StoreNode(one, bytes(one), MANIFEST_BYTES_MAX) for one in record.members]
        try:
            chosen = allocate(self._pin(turn, cid), MANIFEST_BYTES_MAX, nodes)
        except NotEnoughReplicasError as error:
            turn.note("store.copies_refused", cid=cid, why=str(error))
            return
        self._tracked[multihash_of(cid)] = cid
        pin = self._stores.store.pin_of(cid)
        is_chosen, has_role = self._me in chosen, pin is not None and pin.rf_min > 0
        is_kept = (is_chosen or has_role) and self._keep(turn, cid)
        if is_kept and not is_chosen:
            self._extras[cid] = None
        holders = (*chosen, self._me) if cid in self._extras else chosen
        held = told.Held(cid, MANIFEST_BYTES_MAX, holders)
        self._repair(turn, told.ObjectTracked(held, plan.rf_min, plan.rf_max))
        if is_chosen and not is_kept:
            if is_new:
                self._fetch(turn, cid, chosen, self._placed)
            else:
                self._repair(turn, told.CopyMissed(self._me, cid))
        self._track_shares(turn, cid)

    def _placed(self, turn: Turn, cid: Cid, *, is_here: bool) -> None:
        """The first copy of a new record came, or did not."""
        if is_here:
            self._tell(turn, cid, told.CopyStage.DONE)  # who asked too early has heard a no
        else:
            self._repair(turn, told.CopyMissed(self._me, cid))

    def _track_shares(self, turn: Turn, cid: Cid) -> None:
        """Watch the shares of a record whose manifest is here.

        Of shares only the lives of their custodians count: a share of a key lies in no block
        store, and a fragment is shown to nobody without a grant.
        """
        manifest = self._manifest(cid)
        if manifest is None:
            return
        for kind in told.ShareKind:
            # names made up here: a manifest may call its fragments like another record's manifest
            shares = tuple(
                told.Held(make_cid(b"%b %b %d" % (cid, kind.value.encode(), at)), 0, (holder,))
                for at, holder in enumerate(manifest.custodians)
            )
            # a cap of 0: nobody takes a share over, since readers go where the manifest says
            needed = manifest.header.needed
            self._repair(turn, told.SharesTracked(cid, kind, shares, needed, cap=0))

    # copies

    def _pin(self, turn: Turn, cid: Cid) -> Pin:
        plan = self._plan
        created_s = turn.now // MICROS_PER_SECOND
        return Pin(cid, rf_min=plan.rf_min, rf_max=plan.rf_max, created_s=created_s)

    def _manifest(self, cid: Cid) -> Manifest | None:
        """Read a manifest of the own store; None: it is not whole here, or is none."""
        try:
            return Manifest.decode(
                read_all(self._stores.store.get, cid, bytes_max=MANIFEST_BYTES_MAX)
            )
        except (UnavailableError, StorageError, PeerError, RefusedError):
            return None

    def _keep(self, turn: Turn, cid: Cid) -> bool:
        """Pin a manifest that is here for the network's sake; say whether it is here."""
        if self._manifest(cid) is None:
            return False
        try:
            self._stores.store.commit(Batch(pins=(self._pin(turn, cid),)))
        except (StorageError, UnavailableError, RefusedError):
            return False
        return True

    def _fetch(
        self, turn: Turn, cid: Cid, holders: tuple[Address, ...], ended: Callable[..., None]
    ) -> None:
        """Have a manifest here and pin it; then call ``ended`` with ``is_here``."""
        self._copying[cid] = None

        def came(turn: Turn, _files: Fetched) -> None:
            self._copying.pop(cid, None)
            ended(turn, cid, is_here=self._keep(turn, cid))

        session = self._stores.fetch(
            turn,
            (cid,),
            tuple(one for one in holders if one != self._me),
            came,
            BlockClass.PUBLIC,
            bytes_max=_FETCH_BYTES_MAX,
        )
        if cid in self._copying:
            self._copying[cid] = session

    def _copied(self, turn: Turn, cid: Cid, *, is_here: bool) -> None:
        if not is_here:
            turn.note("store.copy_failed", cid=cid)
            self._repair(turn, told.CopyFailed(cid))
            return
        turn.note("store.copy_made", cid=cid)
        self._extras[cid] = None
        self._repair(turn, told.CopyFinished(cid))
        self._track_shares(turn, cid)

    def _cancel(self, turn: Turn, cid: Cid) -> None:
        session = self._copying.pop(cid, None)
        if session is not None:
            self._stores.cancel(turn, session)

    def _tell(self, turn: Turn, cid: Cid, stage: told.CopyStage) -> None:
        for peer in self._peers:
            turn.send(peer, XCopy(cid, _STAGES.index(stage)))

    def _repair(self, turn: Turn, event: told.RepairEvent) -> None:
        for effect in self._keeper.handle(event, turn.now):
            match effect:
                case told.StartCopy(cid, _, holders):
                    self._fetch(turn, cid, holders, self._copied)
                case told.RebuildFragment(_, cid):
                    self._copied(turn, cid, is_here=False)  # no share is computed in a node
                case told.CancelCopy(cid):
                    self._cancel(turn, cid)
                case told.TellCopy(cid, stage):
                    self._tell(turn, cid, stage)
                case told.PlacementChanged(root, row):
                    turn.note("store.placement_changed", root=root, share=row.share, node=row.node)
                case told.ShareSetAtRisk(root, kind, live, needed):
                    turn.note(
                        "store.share_set_at_risk",
                        root=root,
                        kind=kind.value,
                        live=live,
                        needed=needed,
                    )
                case told.RequestRedeal(root):
                    turn.note("store.redeal_wanted", root=root)
                case ScheduleTimer(name, at_us):
                    turn.set_timer(("repair", name), at_us)

    # challenges

    def _challenge(self, turn: Turn, event: challenge.ChallengeEvent) -> None:
        for effect in self._challenger.handle(event, turn.now):
            match effect:
                case challenge.AskPeer(peer, cid, whole):
                    if not self._stores.awaits(peer, cid):  # else one answer would be for two
                        self._asked[peer, cid] = None
                        turn.send(peer, _want(cid, _WANT_BLOCK if whole else _WANT_HAVE))
                case ScheduleTimer(name, at_us):
                    turn.set_timer(("repair", name), at_us)
                case _:
                    self._repair(turn, effect)

    def _shown(self, turn: Turn, peer: Address, prefix: bytes, data: bytes) -> bool:
        """Take a block that answers a challenge and nothing else; say whether it was one."""
        try:
            cid = from_prefix(prefix, data)
        except PeerError:
            return False  # a breach, which is the exchange's to see
        was_asked = self._answered(turn, peer, cid, has_it=True, is_whole=True)
        return was_asked and not self._stores.awaits(peer, cid)

    def _answered(
        self, turn: Turn, peer: Address, cid: Cid, *, has_it: bool, is_whole: bool = False
    ) -> bool:
        if (peer, cid) not in self._asked:
            return False
        del self._asked[peer, cid]
        self._challenge(turn, challenge.ChallengeAnswered(peer, cid, has_it, is_whole))
        return True

    # the own disk

    def _scrub(self, turn: Turn, event: scrub.ScrubEvent) -> None:
        try:
            effects = self._scrubber.handle(event, turn.now)
        except StorageError as error:
            turn.note("store.scrub_failed", why=str(error))
            return
        for effect in effects:
            match effect:
                case scrub.HealBlock(multihash):
                    self._heal(turn, multihash)
                case scrub.BlockLost(multihash):
                    turn.note("store.block_lost", multihash=multihash)
                    cid = self._tracked.get(multihash)
                    if cid is not None:
                        self._repair(turn, told.CopyMissed(self._me, cid))
                case ScheduleTimer(name, at_us):
                    turn.set_timer(("repair", name), at_us)
                case scrub.ScrubFinished():
                    self._miss_own(turn)

    def _miss_own(self, turn: Turn) -> None:
        """Notice manifests that should be here and are not: a scrub reads what there is."""
        for cid in tuple(self._tracked.values()):
            if self._me in self._keeper.holders(cid) and self._manifest(cid) is None:
                self._repair(turn, told.CopyMissed(self._me, cid))

    def _heal(self, turn: Turn, multihash: bytes) -> None:
        """Fetch a bad block under its own class; what comes replaces it."""
        name = Cid(_RAW + multihash)
        cid = self._tracked.get(multihash)
        holders = () if cid is None else self._keeper.holders(cid)

        def came(turn: Turn, files: Fetched) -> None:
            is_healed = not isinstance(files, WardnetError)
            if is_healed:
                turn.note("store.block_healed", multihash=multihash)
            self._scrub(turn, scrub.HealEnded(multihash, is_healed))

        self._stores.fetch(
            turn,
            (name,),
            tuple(one for one in holders if one != self._me),
            came,
            self._stores.store.class_of(name),
        )


def _want(cid: Cid, flags: int) -> XWant:
    return XWant(full=False, entries=(XWantEntry(cid, 1, flags),))
