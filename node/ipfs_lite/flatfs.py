"""Blocks as files, in the layout of kubo's flatfs: ``R5/CIQ...R5Q.data`` (content-store.md, 8).

What is written here is durable before the call returns, and is nothing before the caller's index
names it: a file that no row knows is garbage, whatever a crash leaves behind.
"""

import base64
import binascii
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from node.base.errors import StorageError
from node.storage.errors import StoreFailedError, StoreFullError, StoreMismatchError
from node.storage.files import Content, Files

SEALED_SUFFIX: Final = ".enc"
"""Follows the name of a block that is encrypted at rest."""

_SHARDING: Final = "SHARDING"
_SHARD_FUNCTION: Final = b"/repo/flatfs/shard/v1/next-to-last/2\n"
_TEMPORARY: Final = ".temp"
_DATA: Final = ".data"


class BlockFile(NamedTuple):
    """A file that has the name of a block."""

    name: str
    multihash: bytes
    is_sealed: bool


class FlatFs:
    """The files of one store; one thread writes.

    After a StoreFailedError of ``write``, ``overwrite`` or ``sync`` nobody knows what the disk
    holds: the caller must not write again before the folder is opened anew.
    """

    def __init__(self, files: Files) -> None:
        """Open a folder, or lay it out; temporaries that a crash left are deleted.

        raises        StoreMismatchError: another layout.  StoreFullError, StoreFailedError.
        """
        self._files = files
        self._temporaries = 0
        files.mkdir(_TEMPORARY)
        for left in files.listdir(_TEMPORARY):
            files.unlink(f"{_TEMPORARY}/{left}")
        self._check_layout()
        # also for folders that are there: a killed process may have made one and not come so far
        files.fsync_dir("")
        self._shards = set(files.listdir(""))

    def write(
        self,
        blocks: Iterable[tuple[bytes, Content]],
        *,
        is_sealed: bool = False,
        present: Collection[bytes] = (),
    ) -> None:
        """Make blocks durable: steps 2 to 5 of the write order, all of them before any COMMIT.

        ``blocks``    multihash and content, taken one by one; a file that is there is replaced.
        ``present``   multihashes that the index knows: a batch that fails takes its files away, but
                      not these.  Such a block is only believed to be bad, and either content of its
                      file is better than none.
        raises        StoreFullError: no room.  StoreFailedError: the disk failed.
        """
        temporaries: dict[str, str] = {}
        renamed: list[str] = []
        try:
            self._write_temporaries(blocks, temporaries, is_sealed=is_sealed)
            self._make_shards(temporaries)
            for name, temporary in temporaries.items():
                self._files.rename(temporary, name)
                renamed.append(name)
            self.sync(renamed)
        except StorageError as error:
            stays = {name_of(key, is_sealed=is_sealed) for key in present}
            gone = [*temporaries.values(), *(name for name in renamed if name not in stays)]
            if isinstance(error, StoreFullError):
                self.take_back(gone)
                raise
            for name in gone:
                with suppress(StorageError):  # what stays goes when the folder is opened again
                    self._files.unlink(name)
            raise

    def read(self, name: str) -> bytes | None:
        """Give what a file holds, None for an absent one; whoever asks hashes it."""
        return self._files.read(name)

    def overwrite(self, name: str) -> bool:
        """Replace what a file holds by zeros, durably; say whether it was there.

        The first half of an erasure: ``unlink`` and ``sync`` follow (section 10, step 5).
        """
        length = self._files.size(name)
        if length is None:
            return False
        handle = self._files.open_overwrite(name)
        try:
            self._files.write(handle, bytes(length))
            self._files.fsync(handle)
        finally:
            self._files.close(handle)
        return True

    def unlink(self, name: str) -> bool:
        """Take a file away, durably after ``sync``; say whether it was there."""
        return self._files.unlink(name)

    def take_back(self, names: Iterable[str]) -> None:
        """Delete the files of a batch of which nothing is kept, durably.

        raises        StoreFailedError: something stays, and nobody but the next open can tell.
        """
        names = tuple(names)
        try:
            for name in names:
                self._files.unlink(name)
        except StoreFullError as error:
            raise StoreFailedError(error.file, "no space is left even to delete it") from error
        self.sync(names)

    def sync(self, names: Iterable[str]) -> None:
        """Make renames and unlinks of these files durable: one fsync for each folder."""
        folders = sorted({name.rpartition("/")[0] for name in names})
        for folder in folders:
            if folder in self._shards:
                self._sync_folder(folder)

    def names(self) -> Iterator[BlockFile]:
        """Give every file that has the name of a block, in the order of the names."""
        return block_files(self._files)

    def _check_layout(self) -> None:
        found = self._files.read(_SHARDING)
        if found is None:
            temporary = self._next_temporary()
            self._write_one(temporary, _SHARD_FUNCTION)
            self._files.rename(temporary, _SHARDING)
        elif found.strip() != _SHARD_FUNCTION.strip():
            want, got = _SHARD_FUNCTION.decode().strip(), found.decode(errors="replace").strip()
            raise StoreMismatchError(_SHARDING, "the layout of the folder", want, got)

    def _next_temporary(self) -> str:
        self._temporaries += 1
        return f"{_TEMPORARY}/{self._temporaries}"

    def _write_temporaries(
        self, blocks: Iterable[tuple[bytes, Content]], names: dict[str, str], *, is_sealed: bool
    ) -> None:
        """Write each block once under a temporary name that is added to ``names``."""
        handles: list[int] = []
        try:
            for key, data in blocks:
                name = name_of(key, is_sealed=is_sealed)
                if name not in names:
                    names[name] = self._next_temporary()
                    handles.append(self._files.open_write(names[name]))
                    self._files.write(handles[-1], data)
            if handles:
                self._files.fsync_all(tuple(handles))
        finally:
            for handle in handles:
                self._files.close(handle)

    def _write_one(self, name: str, data: bytes) -> None:
        handle = self._files.open_write(name)
        try:
            self._files.write(handle, data)
            self._files.fsync(handle)
        finally:
            self._files.close(handle)

    def _make_shards(self, names: Iterable[str]) -> None:
        missing = sorted({name[:2] for name in names} - self._shards)
        for shard in missing:
            self._files.mkdir(shard)
        if missing:
            self._sync_folder("")
            self._shards.update(missing)

    def _sync_folder(self, folder: str) -> None:
        """Make the names of a folder durable; a failure is never cured by trying again."""
        try:
            self._files.fsync_dir(folder)
        except StoreFullError as error:
            raise StoreFailedError(error.file, "no space is left for its names") from error


def block_files(files: Files) -> Iterator[BlockFile]:
    """Give every file of a folder that has the name of a block, in the order of the names."""
    for folder in files.listdir(""):
        if len(folder) != 2:
            continue  # SHARDING, .temp, and what kubo leaves beside them
        for last in files.listdir(folder):
            found = _block_file(f"{folder}/{last}")
            if found is not None:
                yield found


def name_of(multihash: bytes, *, is_sealed: bool = False) -> str:
    """Give the name of a block: a folder of two letters, and base32 of the multihash."""
    text = base64.b32encode(multihash).decode("ascii").rstrip("=")
    return f"{text[-3:-1]}/{text}{_DATA}{SEALED_SUFFIX if is_sealed else ''}"


def _block_file(name: str) -> BlockFile | None:
    """Read a name; None for one that ``name_of`` does not give."""
    plain = name.removesuffix(SEALED_SUFFIX)
    text = plain[3:].removesuffix(_DATA)
    try:
        multihash = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    found = BlockFile(name, multihash, is_sealed=plain != name)
    return found if name_of(multihash, is_sealed=found.is_sealed) == name else None
