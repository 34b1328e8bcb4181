"""A block store is driven over a disk that loses its power after each operation (section 17).

``Recording`` runs a history once and writes down what the disk and the index held after every
operation; ``complaints`` opens a store on each state that a crash may have left, and says in words
what is wrong with it.
"""

from contextlib import closing
from dataclasses import dataclass, field, replace

from node.base.errors import WardnetError
from node.base.rng import TreeEntropy
from node.ipfs_lite.cid import RAW, encode_uvarint
from node.ipfs_lite.errors import NotFoundError
from node.ipfs_lite.hybrid import HybridStore
from node.ipfs_lite.hybrid_schema import FILE_NAME, PAGE_BYTES
from node.storage.database import Database
from node.storage.memory_files import MemoryFiles, Moment
from node.storage.power_loss import states

SEARCHED_BYTES_MIN = 16


@dataclass(frozen=True)
class Model:
    """What a store has promised."""

    blocks: dict = field(default_factory=dict)
    """Multihash to data."""
    pins: dict = field(default_factory=dict)
    """Root to the multihashes of its graph."""
    erased: frozenset = frozenset()
    """Data of which nothing may be left."""


@dataclass(frozen=True)
class Instant:
    """What was where after one operation."""

    operation: str
    disk: Moment
    images: range
    """Numbers of the images of the index that may be found: two while a COMMIT is running."""
    promised: int
    """Number of steps that were acknowledged."""


class QuickDatabase(Database):
    """An index whose own durability is not what is looked at: images stand for it."""

    def __init__(self, path):
        super().__init__(path, page_bytes=PAGE_BYTES, is_erasing=True)
        self.read("PRAGMA synchronous = OFF")


class Recording:
    """One history, run once."""

    def __init__(self, folder, options, *, disk=MemoryFiles, index=QuickDatabase, early=False):
        """``disk`` and ``index`` may be mutants; ``early``: acknowledge before the COMMIT."""
        self.folder, self.options = folder, options
        self.images, self.instants = [], []
        self.models = [Model()]
        self._early = early
        self._acknowledged = 0
        self._begun = 0
        self._model = Model()
        self._disk_type, self._index_type = disk, index
        self.disk = disk(listener=self._hear)
        self._image = folder / "image"
        self._open()

    def _open(self):
        self._database = self._index_type(self.folder / FILE_NAME)
        self._database.disk = self.disk
        self._take_image()
        self.store = HybridStore(self.disk, self._database, self.options)
        self._take_image()

    def _take_image(self):
        self._image.unlink(missing_ok=True)
        self._database.copy_to(self._image)
        content = self._image.read_bytes()
        if not self.images or self.images[-1] != content:
            self.images.append(content)

    def _hear(self, operation, name):
        if operation == "mark":
            self._take_image()
            if name == "begin":
                self._begun = len(self.instants)
                if self._early and self._acknowledged < len(self.models) - 1:
                    self._acknowledged += 1
            else:
                self._settle()
        self._note(f"{operation} {name}")

    def _note(self, what):
        last = len(self.images) - 1
        images = range(last, last + 1)
        self.instants.append(Instant(what, self.disk.moment(), images, self._acknowledged))

    def _settle(self):
        """Let the COMMIT that is done now have been possible since it began."""
        for number in range(self._begun, len(self.instants)):
            before = self.instants[number]
            images = range(before.images.start, len(self.images))
            self.instants[number] = replace(before, images=images)

    def step(self, model, action):
        """Do one thing, after which ``model`` is what the store has promised."""
        self.models.append(model)
        action(self.store)
        self._acknowledged = len(self.models) - 1
        self._note("acknowledged")

    def reopen(self):
        self.store.close()
        self._take_image()
        self._open()

    def end(self):
        self._database.close()


def complaints(recording, folder, seed):
    """Give what is wrong after a crash behind each operation; nothing for a right store."""
    looked_at = set()
    for number, instant in enumerate(recording.instants):
        promised = recording.models[instant.promised]
        coming = recording.models[min(instant.promised + 1, len(recording.models) - 1)]
        for tree in states(instant.disk, TreeEntropy(seed, "states", number)):
            files = tree.files()
            lasting = tuple((n, None if n.startswith(".temp") else c) for n, c in files.items())
            for image in instant.images:
                key = (lasting, tuple(tree.folders[0]), image, instant.promised)
                if key in looked_at:
                    continue
                looked_at.add(key)
                found = _State(recording, folder, tree, recording.images[image])
                for what in found.complaints(promised, coming):
                    yield f"after {number} ({instant.operation}): {what}"


class _State:
    """A disk and an index after a crash."""

    def __init__(self, recording, folder, tree, image):
        self._options = recording.options
        self._folder = folder
        self._tree = tree
        self._image = image

    def complaints(self, promised, coming):
        for path in self._folder.glob(f"{FILE_NAME}*"):
            path.unlink()
        (self._folder / FILE_NAME).write_bytes(self._image)
        disk = MemoryFiles(self._tree)
        try:
            with closing(self._opened(disk)) as store:
                yield from _differences(store, promised, coming)
            once = self._everything(disk)
            self._opened(disk).close()
        except WardnetError as error:
            yield f"{type(error).__name__}: {error}"
            return
        again = self._everything(disk)
        if once != again:
            yield "a second open changes something"
        on_disk = [*self._tree.files().values(), *again[0].values(), again[2]]
        on_disk.append((self._folder / FILE_NAME).read_bytes())
        yield from _leftovers(again[0], on_disk, promised)

    def _opened(self, disk):
        return HybridStore(disk, QuickDatabase(self._folder / FILE_NAME), self._options)

    def _everything(self, disk):
        path = self._folder / "dump"
        path.unlink(missing_ok=True)
        with closing(QuickDatabase(self._folder / FILE_NAME)) as database:
            tables = sorted(row[1] for row in database.schema() if row[0] == "table")
            rows = {table: database.read(f"SELECT * FROM {table}") for table in tables}
            database.copy_to(path)
        return disk.tree().files(), rows, path.read_bytes()


def cid_of(multihash):
    return b"\x01" + encode_uvarint(RAW) + multihash


def _differences(store, promised, coming):
    for multihash in sorted(promised.blocks.keys() | coming.blocks.keys()):
        data = promised.blocks.get(multihash, coming.blocks.get(multihash))
        is_sure = multihash in promised.blocks and multihash in coming.blocks
        try:
            if store.get(cid_of(multihash)) != data:
                yield f"wrong bytes of {multihash.hex()}"
        except NotFoundError:
            if is_sure:
                yield f"an acknowledged block is lost: {multihash.hex()}"
        except WardnetError as error:
            yield f"{type(error).__name__}: {error}"
    here = set(store.multihashes())
    if not here <= promised.blocks.keys() | coming.blocks.keys():
        yield "there are blocks that nobody put"
    for problem in store.verify():
        yield f"verify: {problem.what}"
    for root in sorted(promised.pins.keys() & coming.pins.keys()):
        if store.pin_of(root) is None:
            yield f"an acknowledged pin is lost: {root.hex()}"
        elif not promised.pins[root] <= here:
            yield f"an acknowledged pin is not complete: {root.hex()}"


def _leftovers(files, on_disk, promised):
    if any(name.startswith(".temp") for name in files):
        yield "temporaries are left"
    for data in sorted(promised.erased):
        # shorter ones stand somewhere by chance
        if len(data) >= SEARCHED_BYTES_MIN and any(data in content for content in on_disk):
            yield "an erased block is still readable"
