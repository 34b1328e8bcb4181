"""A disk that breaks: faults drawn for each operation (content-store.md, section 17).

A fault is loud (an error of the operation) or silent (nothing is said).  Silent faults that change
what lies on the disk destroy data: without ``data_loss`` they never happen, for this layer cannot
know whether another copy exists.
"""

import errno
import os
from collections.abc import Mapping
from enum import Enum
from typing import Final

from node.base.ports import Entropy
from node.base.rng import PPM
from node.storage.errors import StoreFailedError, StoreFullError
from node.storage.files import Content
from node.storage.memory_files import EMPTY, ROOT, MemoryFiles, Tree
from node.storage.power_loss import lose_power

_SECTOR_BYTES: Final = 512


class Fault(Enum):
    """What can go wrong with one operation."""

    READ_ERROR = "EIO on read"
    WRITE_ERROR = "EIO on write"
    FSYNC_ERROR = "EIO on fsync"
    FULL = "ENOSPC"
    TORN_WRITE = "torn write"
    """Some sectors are written, then EIO."""
    SHORT_READ = "short read"
    """The begin of the file is given as if it were all; the file is whole."""
    MISDIRECTED_READ = "misdirected read"
    """Another file's content is given; the file is whole."""
    SLOW = "slow operation"
    SHORT_WRITE = "short write"
    """Some bytes are written, and no error is given."""
    MISDIRECTED_WRITE = "misdirected write"
    """The data go into another file."""
    LOST_FSYNC = "lost fsync"
    """Nothing becomes durable, and no error is given."""
    BIT_ROT = "bit rot"
    """A bit of the file changes before it is read."""


DESTROYING: Final = frozenset(
    (Fault.SHORT_WRITE, Fault.MISDIRECTED_WRITE, Fault.LOST_FSYNC, Fault.BIT_ROT)
)
_ON_READ: Final = (
    *(Fault.READ_ERROR, Fault.SHORT_READ, Fault.MISDIRECTED_READ, Fault.BIT_ROT, Fault.SLOW),
)
_ON_WRITE: Final = (
    *(Fault.WRITE_ERROR, Fault.FULL, Fault.TORN_WRITE, Fault.SHORT_WRITE),
    *(Fault.MISDIRECTED_WRITE, Fault.SLOW),
)
_ON_FSYNC: Final = (Fault.FSYNC_ERROR, Fault.FULL, Fault.LOST_FSYNC, Fault.SLOW)
_ON_LIST: Final = (Fault.READ_ERROR, Fault.SLOW)
_ON_NAMES: Final = (Fault.WRITE_ERROR, Fault.FULL, Fault.SLOW)


class FaultFiles(MemoryFiles):
    """``Files`` in memory whose operations fail by chance, and whose power can be cut."""

    def __init__(
        self,
        entropy: Entropy,
        rates_ppm: Mapping[Fault, int],
        *,
        data_loss: bool = False,
        slow_us: int = 0,
        tree: Tree = EMPTY,
    ) -> None:
        """Switch a disk on.

        ``rates_ppm``  how many of a million operations a fault befalls, of those that it can.
        ``data_loss``  faults of DESTROYING happen too.
        ``slow_us``    what a slow operation adds to ``delay_us``.
        """
        super().__init__(tree)
        self._entropy = entropy
        harmless = {fault: ppm for fault, ppm in rates_ppm.items() if fault not in DESTROYING}
        self._rates_ppm = rates_ppm if data_loss else harmless
        self._slow_us = slow_us
        self._damaged: set[int] = set()
        self._unsynced_names: set[str] = set()
        self.delay_us = 0
        """Virtual time that slow operations took; whoever reads it lets it pass, and sets it 0."""
        self.happened: list[tuple[Fault, str]] = []
        """Every fault so far, and the name of the file or folder that it befell."""

    def heal(self) -> None:
        """Let no fault happen from now on; what is damaged stays damaged."""
        self._rates_ppm = {}

    def lose_power(self) -> None:
        """Cut the power and switch on again: handles are gone, and what was open has some fate."""
        self._start(lose_power(self.moment(), self._entropy))

    def damaged(self) -> frozenset[str]:
        """Give the names whose content a fault has destroyed, or that may vanish or come back.

        A folder stands for all that is in it.
        """
        named = self._names(ROOT, "")
        return frozenset(self._unsynced_names.union(named[at] for at in self._damaged & {*named}))

    def open_write(self, name: str) -> int:
        """Make a new file, or not."""
        self._refuse(name)
        return super().open_write(name)

    def write(self, handle: int, data: Content) -> None:
        """Write all of ``data``, or not."""
        opened = self._open[handle]
        fault = self._draw(_ON_WRITE, opened.name)
        match fault:
            case Fault.WRITE_ERROR | Fault.FULL | Fault.TORN_WRITE:
                part = self._entropy.below(len(data) + 1)
                if fault is Fault.TORN_WRITE:
                    part -= part % _SECTOR_BYTES
                super().write(handle, data[:part])
                raise _error(fault, opened.name)
            case Fault.SHORT_WRITE:
                self._damaged.add(opened.inode)
                data = data[: self._entropy.below(len(data) + 1)]
            case Fault.MISDIRECTED_WRITE:
                self._damaged.add(opened.inode)
                self._write_elsewhere(opened.inode, data)
                data = bytes(len(data))
            case _:
                pass
        super().write(handle, data)

    def fsync(self, handle: int) -> None:
        """Make the content durable, or not."""
        opened = self._open[handle]
        match self._draw(_ON_FSYNC, opened.name):
            case Fault.LOST_FSYNC:
                self._damaged.add(opened.inode)
            case Fault.FSYNC_ERROR | Fault.FULL as fault:
                raise _error(fault, opened.name)
            case _:
                super().fsync(handle)

    def fsync_dir(self, name: str) -> None:
        """Make the names of a folder durable, or not."""
        match self._draw(_ON_FSYNC, name):
            case Fault.LOST_FSYNC:
                folders = {ROOT: ""} | {
                    at: f"{path}/" for at, path in self._names(ROOT, "").items()
                }
                self._unsynced_names.update(
                    folders[change.folder] + change.name
                    for change in self._changes
                    if folders[change.folder] == (f"{name}/" if name else "")
                )
            case Fault.FSYNC_ERROR | Fault.FULL as fault:
                raise _error(fault, name)
            case _:
                super().fsync_dir(name)

    def rename(self, old: str, new: str) -> None:
        """Move atomically, or not at all."""
        self._refuse(new)
        super().rename(old, new)

    def unlink(self, name: str) -> bool:
        """Take a name away, or not."""
        self._refuse(name)
        return super().unlink(name)

    def mkdir(self, name: str) -> bool:
        """Make a folder, or not."""
        self._refuse(name)
        return super().mkdir(name)

    def read(self, name: str) -> bytes | None:
        """Give the content, or something else."""
        content = super().read(name)
        if content is None:
            return None
        match self._draw(_ON_READ, name):
            case Fault.READ_ERROR as fault:
                raise _error(fault, name)
            case Fault.SHORT_READ:
                return content[: self._entropy.below(len(content) or 1)]
            case Fault.MISDIRECTED_READ:
                return self._contents[self._any_file()]
            case Fault.BIT_ROT if content:
                self._rot(name)
                return super().read(name)
            case _:
                return content

    def listdir(self, name: str) -> tuple[str, ...]:
        """Give the names in a folder, or fail."""
        fault = self._draw(_ON_LIST, name)
        if fault is Fault.READ_ERROR:
            raise _error(fault, name)
        return super().listdir(name)

    def _draw(self, possible: tuple[Fault, ...], name: str) -> Fault | None:
        """Say which fault befalls an operation; a slow one only takes its time."""
        at = self._entropy.below(PPM)
        for fault in possible:
            at -= self._rates_ppm.get(fault, 0)
            if at < 0:
                self.happened.append((fault, name))
                if fault is Fault.SLOW:
                    self.delay_us += self._slow_us
                return fault
        return None

    def _refuse(self, name: str) -> None:
        """Fail an operation on a name before it has done anything."""
        fault = self._draw(_ON_NAMES, name)
        if fault in (Fault.WRITE_ERROR, Fault.FULL):
            raise _error(fault, name)

    def _any_file(self) -> int:
        """Draw a file that has a name; there is one."""
        found = sorted(set(self._names(ROOT, "")) - set(self._folders))
        return found[self._entropy.below(len(found))]

    def _rot(self, name: str) -> None:
        folder, last = self._walked(name)
        inode = self._folders[folder][last]
        bits = bytearray(self._contents[inode])
        at = self._entropy.below(8 * len(bits))
        bits[at // 8] ^= 1 << at % 8
        self._damage(inode, bytes(bits))

    def _write_elsewhere(self, meant: int, data: Content) -> None:
        inode = self._any_file()
        if inode != meant:
            content = self._contents[inode]
            self._damage(inode, b"".join((data[: len(content)], content[len(data) :])))

    def _damage(self, inode: int, content: bytes) -> None:
        """Change what lies on the disk itself: no fsync is needed for it to last."""
        self._damaged.add(inode)
        self._contents[inode] = self._synced[inode] = content

    def _names(self, folder: int, path: str) -> dict[int, str]:
        """Give the whole name of every file and folder, by inode."""
        found: dict[int, str] = {}
        for name, inode in self._folders[folder].items():
            found[inode] = path + name
            if inode in self._folders:
                found |= self._names(inode, f"{path}{name}/")
        return found


def _error(fault: Fault, name: str) -> StoreFullError | StoreFailedError:
    if fault is Fault.FULL:
        return StoreFullError(name)
    return StoreFailedError(name, f"{os.strerror(errno.EIO)} ({fault.value})")
