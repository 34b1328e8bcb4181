"""A block store is driven over a disk that breaks by chance (content-store.md, section 17).

A schedule is a seed: puts with pins, reads, deletions, unpins, collections, erasures, kills,
losses of power and faults of any operation.
After each step, and at its end on a disk that works again, the store is asked for every block that
it acknowledged.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from node.base.errors import StorageError
from node.base.rng import TreeEntropy
from node.ipfs_lite.blocks import BlockClass, EraseOrder, Pin, PinMode
from node.ipfs_lite.cid import make_cid, multihash_of, raw_cid_of
from node.ipfs_lite.errors import NotFoundError, ReadOnlyError
from node.ipfs_lite.hybrid import HybridStore
from node.ipfs_lite.hybrid_schema import FILE_NAME
from node.storage.faultfiles import Fault
from tests.ipfs_lite.histories import a_batch
from tests.ipfs_lite.power_loss import QuickDatabase

MISREAD = {Fault.SHORT_READ, Fault.MISDIRECTED_READ}


class Schedule:
    """One run of a store."""

    def __init__(self, folder, options, seed, files):
        self._folder, self._options = folder, options
        self._entropy = TreeEntropy(seed, "schedule")
        self.files = files
        self.promised = {}
        """Multihash to data of what was acknowledged and not taken away since."""
        self._doubtful = {}
        """What a step that failed may have put or left: right bytes or none."""
        self._erased = set()
        """Multihashes of acknowledged erasures."""
        self._damaged = set()
        """Names of files that the disk has ever destroyed; a put may have replaced them since."""
        self.wrong = []
        self.counts = Counter()
        self._store = None

    def run(self, steps_count):
        """Do the steps, then look at all on a disk that works; give what is wrong, in words."""
        for _ in range(steps_count):
            if self._store is None:
                self._open()
                continue
            try:
                self._step()
            except ReadOnlyError:
                self._kill()  # what an operator does
            except StorageError as error:
                self.counts[type(error).__name__] += 1
            self._damaged |= self.files.damaged()
        self._kill()
        self.files.heal()
        self._open()
        if self._store is None:
            return [*self.wrong, "it does not open"]
        self._judge()
        return self.wrong

    def _open(self):
        if "SHARDING" in self.files.damaged():
            self._mend_layout()
        try:
            self._store = HybridStore(
                self.files, QuickDatabase(self._folder / FILE_NAME), self._options
            )
        except StorageError:
            self.counts["not opened"] += 1

    def _mend_layout(self):
        """Do what the error of a destroyed SHARDING asks an operator for."""
        with suppress(StorageError):
            self.files.unlink("SHARDING")

    def _step(self):
        kind = self._entropy.below(20)
        if kind < 9:
            self._put()
        elif kind < 14:
            self._look()
        elif kind < 16:
            self._let_go()
        elif kind < 17:
            self.counts["collected"] += len(list(self._store.collect(now_s=0)))
        elif kind < 18:
            self._store.close()
            self._store = None
        elif kind < 19:
            self._kill()
        else:
            self._kill()
            self.files.lose_power()
            self.counts["power lost"] += 1

    def _put(self):
        batch = a_batch(self._entropy, sorted(self.promised.values()))
        blocks = tuple(
            block
            for block in batch.blocks
            if not self._store.is_tombstoned(multihash_of(block.cid))  # an erasure is for ever
        )
        new = {multihash_of(cid): data for cid, data in blocks}
        self._doubtful |= new
        pins = tuple(Pin(make_cid(data), PinMode.DIRECT) for data in new.values())
        self._store.commit(replace(batch, blocks=blocks, pins=pins))
        self.promised |= new
        self.counts["put"] += len(new)

    def _let_go(self):
        """Delete a block by force, unpin it, or erase it by order."""
        if not self.promised:
            return
        gone = sorted(self.promised)[self._entropy.below(len(self.promised))]
        data = self._doubtful[gone] = self.promised.pop(gone)
        how = self._entropy.below(3)
        if how == 0:
            self._store.delete(make_cid(data))
        elif how == 1:
            self._store.unpin(make_cid(data))
        else:
            self._store.erase(EraseOrder(sha256(gone).digest(), make_cid(data), at_s=0))
            self._erased.add(gone)
            self.counts["erased"] += 1

    def _kill(self):
        """End the process; what it wrote stays."""
        if self._store is not None:
            self._store._database.close()
            self._store = None

    def _look(self):
        """Read every block that is or may be here; whatever comes has to be right."""
        for multihash, data in sorted((self._doubtful | self.promised).items()):
            self._read(multihash, data)

    def _read(self, multihash, data):
        """Say whether the bytes of a block came."""
        try:
            found = self._store.get(make_cid(data))
        except (NotFoundError, StorageError) as error:
            self.counts[f"read: {type(error).__name__}"] += 1
            return False
        self.counts["read"] += 1
        if found != data:
            self.wrong.append(f"wrong bytes of {multihash.hex()}")
        return True

    def _judge(self):
        """See on a disk that works that nothing is lost but what the disk itself destroyed."""
        known = self._doubtful | self.promised
        for multihash, what in self._store.verify():
            if self._is_destroyed(multihash):
                self.counts["destroyed"] += multihash in self.promised
            elif multihash not in known or not self._is_misread(multihash, known[multihash]):
                self.wrong.append(f"verify: {what}")
        self._look()
        for multihash, data in sorted(self.promised.items()):
            if not self._is_destroyed(multihash) and not self._read(multihash, data):
                self.wrong.append(f"lost: {multihash.hex()} of {len(data)} bytes")
        for multihash in sorted(self._erased):
            if self._store.has(raw_cid_of(multihash)):
                self.wrong.append(f"erased and here: {multihash.hex()}")
            if not self._store.is_tombstoned(multihash):
                self.wrong.append(f"erased without a tombstone: {multihash.hex()}")
        if not set(self._store.multihashes()) <= known.keys():
            self.wrong.append("there are blocks that nobody put")
        if self.files.listdir(".temp"):
            self.wrong.append("temporaries are left")
        self._store.close()

    def _is_destroyed(self, multihash):
        name = self._store._parts.name_of(multihash)
        return not self.files.damaged().isdisjoint((name, name[:2]))

    def _is_misread(self, multihash, data):
        """Say whether a block is marked bad and its file is right: then a put heals it.

        The disk read it wrong twice, or a put that healed it failed before the index knew.
        """
        name = self._store._parts.name_of(multihash)
        times = [1 for fault, other in self.files.happened if fault in MISREAD and other == name]
        if multihash not in self._store.bad() or (len(times) < 2 and name not in self._damaged):
            return False
        self.counts["marked bad"] += 1
        self._store.put(make_cid(data), data, BlockClass.PUBLIC)
        return self._read(multihash, data)
