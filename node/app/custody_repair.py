"""A custodian gets a share that it is to hold and does not have: by masked repair, then fragment x.

The order is the ledger's: whoever ``CustodianReplaced`` names in the final chain.  What is still
to be done follows from the final chain and the stores, so that a restart goes on where it was.
A helper that lies is found out at the next opening, since nothing here can tell a share of k'.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Final

from node.app.custody_clerk import CustodyClerk
from node.app.deal_places import DealPlaces, place_of
from node.app.final_book import Changes, FinalBook
from node.app.store_desk import Fetched, StoreDesk
from node.app.turn import Turn
from node.base.errors import WardnetError
from node.base.limits import MANIFEST_BYTES_MAX, REPAIR_JOBS_COUNT_MAX
from node.base.ports import Entropy
from node.base.types import Address, Cid, Hash32
from node.ipfs_lite.blocks import BlockClass
from node.p2p.messages import RepairAsk, RepairPart
from node.privacy.custody import Custodian
from node.privacy.release_errors import CustodyError
from node.privacy.repair_letters import open_part
from node.sss.commitments import Manifest
from node.sss.errors import ShareFormatError
from node.sss.fragments import checked_payloads
from node.sss.reed_solomon import disperse, gather
from node.sss.repair import RepairPlan, join
from node.sss.shares import ZERO_SALT, Kind, container_of, decode_container

TRY_PERIODS: Final = 4
"""How long one set of helpers, or one fetch, is waited for, in block periods."""
EPOCHS_AHEAD_MAX: Final = 16
"""How far beyond the ledger's epoch a helper is believed to be."""
TIMER: Final = ("custody", "repair")
_SALT_BYTES: Final = 32


@dataclass(slots=True)
class _Job:
    """One share that is missing here."""

    pmr_id: int
    deal_id: Hash32
    index: int
    is_forced: bool = False
    """A share is held, and was ordered to be repaired in place."""
    raw: bytes | None = None
    """The manifest."""
    epoch: int = 0
    plan: RepairPlan | None = None
    """Whom the current try asks."""
    parts: dict[int, bytes] = field(default_factory=dict[int, bytes])
    has_corrected: bool = False
    """Whether the current helpers were asked again, in the epoch that one of them named."""
    sets: Iterator[tuple[int, ...]] = field(default_factory=lambda: iter(()))
    """Sets of indices that were not tried yet."""
    next_us: int = 0
    """When the next try begins."""


class CustodyRepair:
    """The newcomer's side of masked repair."""

    def __init__(
        self,
        custodian: Custodian,
        *,
        sealing_private: bytes,
        entropy: Entropy,
        book: FinalBook,
        places: DealPlaces,
        store: StoreDesk,
        clerk: CustodyClerk,
        period_us: int,
    ) -> None:
        self._custodian = custodian
        self._sealing_private = sealing_private
        self._entropy = entropy
        self._book = book
        self._places = places
        self._store = store
        self._clerk = clerk
        self._period_us = period_us
        self._jobs: dict[tuple[bytes, int], _Job] = {}
        self._is_begun = False
        self.on_repaired: list[Callable[[Turn], None]] = []
        """Called when a share is here."""

    def awaits(self, deal_id: bytes) -> bool:
        """Say whether a share of a deal is on its way."""
        return any(job.deal_id == deal_id for job in self._jobs.values())

    def changed(self, turn: Turn, changes: Changes) -> None:
        """Take the orders of the blocks that became final."""
        me = self._custodian.address
        if not self._is_begun or changes.is_anew:
            self._is_begun = True
            self._jobs.clear()
            for pmr_id, deal_id, index, seat in self._book.seats():
                if seat.holder == me:
                    job = _Job(pmr_id, Hash32(deal_id), index)
                    job.is_forced = self._is_behind(job)
                    self._add(job, turn.now)
            self._work(turn)
            return  # of orders long ago: what came of them stands in custody
        for order in changes.replaced:
            if order.new == me:
                deal_id = Hash32(order.deal_id)
                held = self._custodian.store.holding(deal_id) is not None
                self._add(_Job(order.pmr_id, deal_id, order.index, is_forced=held), turn.now)
        self._work(turn)

    def timer_fired(self, turn: Turn) -> None:
        """Try again what has not come."""
        self._work(turn)

    def given(self, turn: Turn, peer: Address, message: RepairPart) -> None:
        """Take a helper's part.

        raises        WardnetError: the message cannot stand.
        """
        job = self._jobs.get((message.deal, message.index))
        plan = None if job is None else job.plan
        if job is None or plan is None or tuple(message.helpers) != plan.helpers:
            raise CustodyError("deal", "nobody was asked for this part")
        holders = self._holders(job)
        if message.source not in plan.helpers or holders[message.source - 1] != peer:
            raise CustodyError("holder", f"index {message.source} is not 0x{peer.hex()}'s")
        if not message.sealed:
            self._refused(turn, job, plan, message)
            return
        if message.epoch != plan.epoch:
            raise CustodyError("epoch", f"wants a part of epoch {plan.epoch}")
        if self._is_closed(job):
            # the helper's final block may be older: what is destroyed here must not come back
            del self._jobs[job.deal_id, job.index]
            raise CustodyError("record", "it is erased, or was shared anew since")
        job.parts[message.source] = open_part(
            plan, message.source, message.sealed, key=self._sealing_private
        )
        if len(job.parts) == len(plan.helpers):
            self._join(turn, job, plan)

    def _refused(self, turn: Turn, job: _Job, plan: RepairPlan, message: RepairPart) -> None:
        """A helper is in another epoch: ask the same ones for that, once; then it is others' turn.

        Whoever says so may lie: neither the pace nor the order of the tries is a helper's to say.
        """
        turn.note(
            "custody.repair_refused", deal=job.deal_id, index=message.source, epoch=message.epoch
        )
        assert job.raw is not None
        known = self._known_epoch(job, plan.header.needed)
        if not known <= message.epoch <= known + EPOCHS_AHEAD_MAX or message.epoch == plan.epoch:
            return
        job.epoch = message.epoch
        if not job.has_corrected:
            job.has_corrected = True
            self._ask_set(turn, job, Manifest.decode(job.raw), plan.helpers)

    # ---- one job

    def _add(self, job: _Job, now_us: int) -> None:
        if len(self._jobs) < REPAIR_JOBS_COUNT_MAX:
            job.next_us = now_us
            self._jobs[job.deal_id, job.index] = job

    def _work(self, turn: Turn) -> None:
        """Take the next step of every job that is due; one that fails stops no other."""
        for key, job in list(self._jobs.items()):
            if job.next_us > turn.now or self._jobs.get(key) is not job:
                continue
            job.next_us = turn.now + TRY_PERIODS * self._period_us
            try:
                if self._step(turn, job):
                    self._jobs.pop(key, None)  # a step that ended at once may have come first
            except WardnetError as error:
                turn.note("custody.repair_failed", deal=job.deal_id, why=str(error))
        if self._jobs:
            turn.set_timer(TIMER, min(job.next_us for job in self._jobs.values()))

    def _step(self, turn: Turn, job: _Job) -> bool:
        """Take the next step; say whether nothing is left to do."""
        holding = self._custodian.store.holding(job.deal_id)
        if job.raw is None and holding is not None:
            job.raw = holding.manifest
        if job.raw is None:
            if self._book.is_erased(job.pmr_id):
                return True
            self._find_manifest(turn, job)
            return False
        if self._is_closed(job):
            return True
        manifest = Manifest.decode(job.raw)
        if self._holders(job)[job.index - 1] != self._custodian.address:
            return True  # of a manifest that says otherwise, or the share was handed on
        if holding is None or job.is_forced:
            self._ask(turn, job, manifest)
            return False
        if not manifest.fragments or self._store.store.has(manifest.fragments[job.index - 1].cid):
            return True
        self._fetch_fragments(turn, job, manifest)
        return False

    def _holders(self, job: _Job) -> tuple[Address, ...]:
        assert job.raw is not None, "asked only when the manifest is here"
        return tuple(
            self._book.holder(job.pmr_id, job.deal_id, index, original)
            for index, original in enumerate(place_of(job.raw).custodians, start=1)
        )

    def _is_behind(self, job: _Job) -> bool:
        """Say whether the share here is of no use: what a repair in place had not come to mend."""
        holding = self._custodian.store.holding(job.deal_id)
        if holding is None:
            return False
        job.raw = holding.manifest
        needed = Manifest.decode(holding.manifest).header.needed
        try:
            epoch = decode_container(holding.share).epoch
        except ShareFormatError:
            return True
        return epoch < self._known_epoch(job, needed)

    def _is_closed(self, job: _Job) -> bool:
        assert job.raw is not None, "asked only when the manifest is here"
        return self._book.is_closed(job.pmr_id, place_of(job.raw).manifest_cid)

    def _known_epoch(self, job: _Job, needed: int) -> int:
        """Give the epoch that t-1 custodians say they have reached: fewer may say anything."""
        said = (self._book.epoch_of(job.deal_id, one) for one in self._holders(job))
        return sorted(said, reverse=True)[needed - 1]

    def _find_manifest(self, turn: Turn, job: _Job) -> None:
        """Fetch the manifests that the ledger names for the record, and keep the deal's.

        When all are here and none is the deal's, that is of an older generation: nobody helps.
        """
        others = dict.fromkeys(self._book.manifests(job.pmr_id))

        def came(cid: Cid, turn: Turn, files: Fetched) -> None:
            if isinstance(files, WardnetError) or job.raw is not None:
                return
            if _is_of(files[0], job):
                job.raw = files[0]
                job.next_us = turn.now
                self._work(turn)
                return
            del others[cid]
            key = job.deal_id, job.index
            if not others and self._jobs.get(key) is job:
                turn.note("custody.repair_given_up", deal=job.deal_id, index=job.index)
                del self._jobs[key]

        for cid in tuple(others):
            self._store.fetch(
                turn,
                (cid,),
                (),
                partial(came, cid),
                BlockClass.PUBLIC,
                bytes_max=2 * MANIFEST_BYTES_MAX,
            )

    def _next_set(self, job: _Job, manifest: Manifest) -> tuple[int, ...]:
        """Give the next k other indices: lowest first, and all over again in the end."""
        others = [x for x in range(1, manifest.header.custodians + 1) if x != job.index]
        found = next(job.sets, None)
        if found is None:
            job.sets = combinations(others, manifest.header.needed)
            found = next(job.sets)
        return found

    def _ask(self, turn: Turn, job: _Job, manifest: Manifest) -> None:
        """Ask the next k helpers for their parts."""
        job.epoch = max(job.epoch, self._known_epoch(job, manifest.header.needed))
        job.has_corrected = False
        self._ask_set(turn, job, manifest, self._next_set(job, manifest))

    def _ask_set(self, turn: Turn, job: _Job, manifest: Manifest, helpers: tuple[int, ...]) -> None:
        job.plan = RepairPlan(manifest.header, job.epoch, job.index, helpers)
        job.parts = {}
        holders = self._holders(job)
        for helper in helpers:
            message = RepairAsk(job.deal_id, job.index, job.epoch, bytes(helpers))
            turn.send(holders[helper - 1], message)

    def _join(self, turn: Turn, job: _Job, plan: RepairPlan) -> None:
        assert job.raw is not None
        share = join(plan, job.parts, salt=self._entropy.take(_SALT_BYTES))
        try:
            self._custodian.adopt(job.raw, share.encode())
        except CustodyError:
            del self._jobs[job.deal_id, job.index]  # a later share is held: nothing to repair
            raise
        self._places.forget(job.deal_id)
        job.is_forced, job.plan, job.sets = False, None, iter(())
        turn.note("custody.share_repaired", deal=job.deal_id, index=job.index, epoch=share.epoch)
        self._clerk.epoch_moved(job.deal_id)
        for listener in self.on_repaired:
            listener(turn)
        job.next_us = turn.now
        self._work(turn)

    # ---- the fragment

    def _fetch_fragments(self, turn: Turn, job: _Job, manifest: Manifest) -> None:
        """Fetch k other fragments and compute the own one."""
        indices = self._next_set(job, manifest)
        holders = self._holders(job)

        def came(turn: Turn, files: Fetched) -> None:
            try:
                if isinstance(files, WardnetError):
                    raise files
                self._rebuild(turn, job, manifest, files)
                for index in indices:  # others' fragments are no business of this store
                    self._store.drop(manifest.fragments[index - 1].cid)
            except WardnetError as error:
                turn.note("custody.repair_failed", deal=job.deal_id, why=str(error))
            else:
                job.next_us = turn.now
                self._work(turn)

        self._store.fetch(
            turn,
            tuple(manifest.fragments[index - 1].cid for index in indices),
            tuple(holders[index - 1] for index in indices),
            came,
        )

    def _rebuild(self, turn: Turn, job: _Job, manifest: Manifest, files: tuple[bytes, ...]) -> None:
        """Compute fragment x from k others, hold it against the manifest, and keep it."""
        header, entry = manifest.header, manifest.fragments[job.index - 1]
        payloads = checked_payloads(manifest, files)
        whole = gather(
            payloads,
            needed=header.needed,
            length=header.needed * header.payload_length(Kind.FRAGMENT),
        )
        rows = disperse(bytes(whole), needed=header.needed, total=header.custodians)
        fragment = container_of(
            header, Kind.FRAGMENT, job.index, ZERO_SALT, rows[job.index - 1]
        ).encode()
        checked_payloads(manifest, (fragment,))  # raises for another one than the manifest's
        assert job.raw is not None
        root = self._store.add(turn, job.raw, BlockClass.PUBLIC)
        added: Cid = self._store.add(turn, fragment, BlockClass.SEALED)
        if added != entry.cid:
            self._store.drop(added)
            raise CustodyError("digest", "the fragment has another name than the manifest gives it")
        self._store.claim(added, root)
        turn.note("custody.fragment_rebuilt", deal=job.deal_id, index=job.index)


def _is_of(manifest: bytes, job: _Job) -> bool:
    """Say whether a file is the manifest of the deal that a job is about."""
    try:
        header = Manifest.decode(manifest).header
    except WardnetError:
        return False  # an entry may name anything
    return int.from_bytes(header.pmr_id) == job.pmr_id and header.deal_id() == job.deal_id
