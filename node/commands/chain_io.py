"""Opening and writing the files of chains, and what is said meanwhile."""

import gzip
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from node.base.clock import WallClock
from node.base.errors import StorageError, UsageError
from node.base.header import Header
from node.base.limits import GENESIS_BYTES_MAX
from node.base.types import MICROS_PER_SECOND
from node.commands import output
from node.storage.files import make_folders

_LINE_SECONDS_MIN: Final = 5.0


@dataclass(eq=False)
class OutputFileError(StorageError):
    """The disk refused a file that a command writes; what stood in its place still does."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def read_genesis(path: Path) -> bytes:
    """Give the bytes of a genesis file.

    raises        UsageError: it cannot be read, or is larger than any genesis.
    """
    try:
        with path.open("rb") as file:
            text = file.read(GENESIS_BYTES_MAX + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(text) > GENESIS_BYTES_MAX:
        raise UsageError(f"{path}: larger than {GENESIS_BYTES_MAX} bytes")
    return text


@contextmanager
def opened(path: Path) -> Generator[BinaryIO | gzip.GzipFile]:
    """Open a chain file; what is wrong inside shows when it is read."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    with file:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked
        else:
            yield file


def make_folder(path: Path) -> None:
    """Make a folder and those above it, durably, where they are not there yet.

    raises        UsageError.
    """
    try:
        make_folders(path)
    except FileExistsError as error:
        raise UsageError(f"{path}: is no folder") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """Write a file beside its place and put it there once it is whole; a link is followed.

    raises        UsageError: the file cannot be made; OutputFileError: it cannot be written.
    """
    target = path.resolve()
    made = target.with_name(f".{target.name}.part")
    if target.is_dir():
        raise UsageError(f"{path}: is a folder, wants the name of a file")
    if target.exists() and not target.is_file():  # a device would give way to a plain file
        raise UsageError(f"{path}: is no regular file")
    try:
        file = made.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    try:
        with file:
            yield file
        made.replace(target)
    except OSError as error:
        if error.filename not in {None, str(made)}:  # of a file that was read meanwhile
            raise
        raise OutputFileError(str(path), error.strerror or str(error)) from error
    finally:
        made.unlink(missing_ok=True)


@contextmanager
def packing(path: Path) -> Generator[BinaryIO | gzip.GzipFile]:
    """Write a file as ``replacing`` does; one whose name ends in .gz is packed, for ``opened``."""
    with replacing(path) as file:
        if path.suffix == ".gz":  # no name and no time inside: equal content, equal bytes
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                yield packed
        else:
            yield file


def progress_lines() -> Callable[[Header], None]:
    """Give a function that writes a line to stderr at most every five seconds."""
    last = time.monotonic()

    def tell(header: Header) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_SECONDS_MIN:
            last = time.monotonic()
            output.talk(f"block {header.number}")

    return tell


class FutureBlocks:
    """Looks for blocks that lie ahead of this machine's clock: others refuse them."""

    def __init__(self) -> None:
        self._now_s = WallClock().now_us() // MICROS_PER_SECOND
        self._first: Header | None = None

    def see(self, header: Header) -> None:
        """Look at a block."""
        if self._first is None and header.timestamp > self._now_s:
            self._first = header

    def warn(self) -> None:
        """Say which block was the first, if there was one."""
        if self._first is not None:
            ahead = self._first.timestamp - self._now_s
            output.talk(
                f"warning: block {self._first.number} lies {ahead} s ahead of this machine's "
                "clock: other clients refuse it until then"
            )
