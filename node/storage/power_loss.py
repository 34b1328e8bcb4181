"""What a disk may hold after a loss of power (content-store.md, section 17).

Every open item, that is every file written since its last ``fsync`` and every change of a name
since the last ``fsync_dir``, has its own fate.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from node.base.ports import Entropy
from node.storage.memory_files import Moment, Tree

STATES_COUNT: Final = 64
"""At most so many states of one moment are looked at ..."""
_DRAWN_STATES_COUNT: Final = 20
"""... and so many of them have a fate for each item that is drawn."""
_SECTOR_BYTES: Final = 512


class Fate(Enum):
    """What becomes of one open item; a name is kept or lost, data may be worse than lost."""

    KEPT = "kept"
    LOST = "lost"
    CUT = "cut"
    """Up to a border of 512 bytes the data are new, from there they are as before."""
    ZEROS = "zeros"
    """The length is the new one, and what was not synced reads as zeros."""


_OF_NAMES: Final = (Fate.KEPT, Fate.LOST)
_OF_DATA: Final = tuple(Fate)


def states(moment: Moment, entropy: Entropy) -> Iterator[Tree]:
    """Give different disks that a crash at this moment may leave, at most STATES_COUNT.

    All lost, all kept, each item alone kept and alone otherwise, and drawn mixtures.
    """
    seen: set[tuple[Fate, ...]] = set()
    data = sorted(moment.unsynced)
    fates = [*(_OF_DATA for _ in data), *(_OF_NAMES for _ in moment.changes)]
    for chosen in _choices(fates, entropy):
        if chosen not in seen or Fate.CUT in chosen:  # the border may be another one
            seen.add(chosen)
            yield _tree(moment, dict(zip(data, chosen, strict=False)), chosen[len(data) :], entropy)


def lose_power(moment: Moment, entropy: Entropy) -> Tree:
    """Give one disk that a crash at this moment may leave: every item has a fate of its own."""
    data = sorted(moment.unsynced)
    chosen = _drawn([*(_OF_DATA for _ in data), *(_OF_NAMES for _ in moment.changes)], entropy)
    return _tree(moment, dict(zip(data, chosen, strict=False)), chosen[len(data) :], entropy)


def _choices(fates: list[tuple[Fate, ...]], entropy: Entropy) -> Iterator[tuple[Fate, ...]]:
    """Give a fate for each item, in every way that is to be tried."""
    lost, kept = [Fate.LOST] * len(fates), [Fate.KEPT] * len(fates)
    yield tuple(lost)
    yield tuple(kept)
    alone: list[tuple[Fate, ...]] = []
    for at, possible in enumerate(fates):
        alone.append((*lost[:at], Fate.KEPT, *lost[at + 1 :]))
        alone += [(*kept[:at], fate, *kept[at + 1 :]) for fate in possible[1:]]
    for _ in range(min(len(alone), STATES_COUNT - _DRAWN_STATES_COUNT - 2)):
        yield alone.pop(entropy.below(len(alone)))
    for _ in range(_DRAWN_STATES_COUNT):
        yield _drawn(fates, entropy)


def _drawn(fates: list[tuple[Fate, ...]], entropy: Entropy) -> tuple[Fate, ...]:
    return tuple(possible[entropy.below(len(possible))] for possible in fates)


def _tree(moment: Moment, data: dict[int, Fate], names: tuple[Fate, ...], entropy: Entropy) -> Tree:
    contents = dict(moment.durable.contents)
    for inode, fate in data.items():
        contents[inode] = _left(contents[inode], moment.unsynced[inode], fate, entropy)
    folders = {inode: dict(entries) for inode, entries in moment.durable.folders.items()}
    for change, fate in zip(moment.changes, names, strict=True):
        if fate is Fate.KEPT:
            change.apply(folders)
    return Tree(contents, folders)


def _left(old: bytes, new: bytes, fate: Fate, entropy: Entropy) -> bytes:
    """Give the content of a file with this fate."""
    match fate:
        case Fate.KEPT:
            return new
        case Fate.LOST:
            return old
        case Fate.CUT:
            border = _SECTOR_BYTES * entropy.below(-(-len(new) // _SECTOR_BYTES) or 1)
            return new[:border] + old[border:]
        case Fate.ZEROS:
            pairs = enumerate(zip(old, new, strict=False))
            same = next((at for at, (was, now) in pairs if was != now), min(len(old), len(new)))
            return new[:same] + bytes(len(new) - same)
