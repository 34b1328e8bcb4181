"""Files that appear together, whole and durable, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from node.base.errors import UsageError
from node.commands.chain_io import OutputFileError, make_folder

_PREFIX: Final = ".wardnet-part-"


class NewFiles:
    """Secret files (mode 0600) that grow without a name and get theirs in ``publish``.

    Leaving the context without ``publish``, by an error or by Ctrl-C, takes everything away again,
    folders that were made for it too; of a killed process empty folders stay, and what it had
    named already.  Nothing that exists is ever replaced.

    Where the system cannot name a file that has none (it is no Linux, the disk is FAT or on a
    network), ``publish`` copies it; a process killed then leaves ``.wardnet-part-*`` as well.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._growing: list[tuple[Path, BinaryIO]] = []
        self._placed: list[Path] = []
        self._folders: list[Path] = []
        self._is_done = False

    def __enter__(self) -> Self:
        return self

    def folder(self, path: Path) -> None:
        """Make a folder and those above it, where they are not there yet.

        raises        UsageError.
        """
        for folder in (path, *path.parents):
            if os.path.lexists(folder):
                break
            self._folders.append(folder)
        make_folder(path)

    def open(self, path: Path) -> BinaryIO:
        """Start a file that will be ``path``; it can be read back.

        raises        UsageError: there is something already, or no folder to put it in.
        """
        refuse_existing(path)
        if path in [place for place, _ in self._growing]:
            raise UsageError(f"{path}: is named twice")
        file = self._stack.enter_context(unnamed_file(path.parent))
        self._growing.append((path, file))
        return file

    def opened(self, path: Path) -> BinaryIO:
        """Open a file to read from until the context is left.

        raises        UsageError.
        """
        try:
            return self._stack.enter_context(path.open("rb"))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error

    def scratch(self, folder: Path) -> BinaryIO:
        """Give a file without a name: even a killed process leaves nothing of it.

        raises        UsageError: the folder takes none.
        """
        return self._stack.enter_context(unnamed_file(folder))

    def publish(self) -> None:
        """Make every file durable, then give all of them their names, in the order of opening.

        raises        OutputFileError: the disk refused one; then none is there.
                      UsageError: something has taken a place meanwhile.
        """
        for place, file in self._growing:
            with naming(place):
                file.flush()
                os.fsync(file.fileno())
        for place, file in self._growing:
            with naming(place):
                _give_name(file, place)
            self._placed.append(place)
        for folder in dict.fromkeys(place.parent for place in self._placed):
            with naming(folder):
                _fsync_folder(folder)
        self._is_done = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # what could not be written is given up: the error is on its way
            self._stack.close()
        if self._is_done:
            return
        for path in self._placed:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for folder in self._folders:
            with suppress(OSError):
                folder.rmdir()


def unnamed_file(folder: Path | None = None) -> BinaryIO:
    """Give a file of mode 0600 without a name, on the disk of a folder or of the system's choice.

    Even a killed process leaves nothing of it.

    raises        UsageError: the folder takes none.
    """
    flag = getattr(os, "O_TMPFILE", 0)
    if flag and folder is not None:
        with suppress(OSError):  # not on this disk, or what the next attempt fails of as well
            # without O_EXCL, as TemporaryFile has it: that forbids to name the file later
            return os.fdopen(os.open(folder, flag | os.O_RDWR | os.O_CLOEXEC, 0o600), "w+b")
    try:
        return cast("BinaryIO", tempfile.TemporaryFile(dir=folder))  # a plain file, wrapped or not
    except OSError as error:
        raise UsageError(f"{folder or 'temporary files'}: {error.strerror}") from error


def refuse_existing(path: Path) -> None:
    """See that nothing has a name, not even a link to nowhere.  raises UsageError."""
    if os.path.lexists(path):
        raise UsageError(f"{path}: exists already, wants a new name")


def is_folder(path: Path) -> bool:
    """Say whether a path is a folder.  raises UsageError: it cannot be looked at."""
    try:
        return path.is_dir()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


@contextmanager
def naming(path: Path) -> Generator[None]:
    """Name the file that is written when the system refuses.  raises OutputFileError."""
    try:
        yield
    except OSError as error:
        raise OutputFileError(str(path), error.strerror or str(error)) from error


def _give_name(file: BinaryIO, place: Path) -> None:
    """Name a file that has none.  raises UsageError: the name is taken; OSError."""
    refuse_existing(place)  # a file system without links would replace it
    handle = file.fileno()
    try:
        # a folder's handle, though none is used: only with one are links in /proc followed
        os.link(f"/proc/self/fd/{handle}", place, src_dir_fd=handle)
    except FileExistsError:
        refuse_existing(place)
        raise
    except OSError:  # no /proc, or a disk whose files have their one name from the beginning
        _copy(file, place)


def _copy(file: BinaryIO, place: Path) -> None:
    """Make a durable copy and rename it into its place."""
    handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
        Path(name).rename(place)
    finally:  # nothing has this name any more if all went well
        Path(name).unlink(missing_ok=True)


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
