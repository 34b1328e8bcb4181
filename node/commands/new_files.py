"""Files that appear together, whole and durable, or not at all."""

import os
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
    """Secret files (mode 0600) that grow beside their places and take them in ``publish``.

    Leaving the context without ``publish``, by an error or by Ctrl-C, takes everything away again,
    folders that were made for it too.  Nothing that exists is ever replaced.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._growing: list[tuple[Path, Path, BinaryIO]] = []
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
            if folder.exists():
                break
            self._folders.append(folder)
        make_folder(path)

    def open(self, path: Path) -> BinaryIO:
        """Start a file that will be ``path``; it can be read back.

        raises        UsageError: there is something already, or no folder to put it in.
        """
        refuse_existing(path)
        if path in [place for place, _, _ in self._growing]:
            raise UsageError(f"{path}: is named twice")
        try:
            handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=path.parent)
        except OSError as error:
            raise UsageError(f"{path.parent}: {error.strerror}") from error
        file = self._stack.enter_context(os.fdopen(handle, "w+b"))
        self._growing.append((path, Path(name), file))
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
        for place, _, file in self._growing:
            with naming(place):
                file.flush()
                os.fsync(file.fileno())
        for place, grown, _ in self._growing:
            refuse_existing(place)
            with naming(place):
                grown.rename(place)
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
        for path in (*self._placed, *(grown for _, grown, _ in self._growing)):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for folder in self._folders:
            with suppress(OSError):
                folder.rmdir()


def unnamed_file(folder: Path | None = None) -> BinaryIO:
    """Give a file of mode 0600 without a name, on the disk of a folder or of the system's choice.

    raises        UsageError: the folder takes none.
    """
    try:
        return cast("BinaryIO", tempfile.TemporaryFile(dir=folder))  # a plain file, wrapped or not
    except OSError as error:
        raise UsageError(f"{folder or 'temporary files'}: {error.strerror}") from error


def refuse_existing(path: Path) -> None:
    """See that nothing has a name, not even a link to nowhere.  raises UsageError."""
    if os.path.lexists(path):
        raise UsageError(f"{path}: exists already, wants a new name")


@contextmanager
def naming(path: Path) -> Generator[None]:
    """Name the file that is written when the system refuses.  raises OutputFileError."""
    try:
        yield
    except OSError as error:
        raise OutputFileError(str(path), error.strerror or str(error)) from error


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
