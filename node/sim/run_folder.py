"""The result folder of a run: written whole, and results.json last.

A folder without results.json is a run that did not end; it never becomes ``latest``
(simulation.md section 13).
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from node.base.errors import StorageError

RESULTS: Final = "results.json"
LATEST: Final = "latest"
Content: TypeAlias = str | bytes | Iterator[bytes]
"""What a file gets; pieces are written one by one, as they come."""


@dataclass(eq=False)
class RunFolderError(StorageError):
    """A result folder or a file in it cannot be written."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def write_run(
    folder: Path, files: Mapping[str, Content], results: str, *, stale: Iterable[str] = ()
) -> None:
    """Write the files of a run, then its results.

    ``files``     name in the folder, ``/`` before what lies in a folder of its own.
    ``stale``     globs of the files that an earlier run may have left under other names: they go.

    raises        RunFolderError: names the file that could not be written.
    """
    target = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / RESULTS
        target.unlink(missing_ok=True)
        for left in [one for glob in stale for one in sorted(folder.glob(glob))]:
            target = left
            target.unlink()
        for name, content in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, content)
        target = folder / RESULTS
        _write(target, results)
    except OSError as error:
        raise RunFolderError(str(target), error.strerror or str(error)) from error


def point_latest(folder: Path, runs: Path) -> None:
    """Let ``runs/latest`` name the newest finished run: a relative link, or a text file.

    raises        RunFolderError: neither can be written.
    """
    link, made = runs / LATEST, runs / f".{LATEST}.{os.getpid()}"
    name = os.path.relpath(folder, runs)
    try:
        made.unlink(missing_ok=True)
        try:
            made.symlink_to(name)
        except OSError:
            made.write_text(f"{name}\n", encoding="utf-8")
        made.replace(link)
    except OSError as error:
        raise RunFolderError(str(link), error.strerror or str(error)) from error


def _write(path: Path, content: Content) -> None:
    made = path.with_name(f".{path.name}.part")
    if isinstance(content, Iterator):
        with made.open("wb") as file:
            file.writelines(content)
    else:
        made.write_bytes(content if isinstance(content, bytes) else content.encode())
    made.replace(path)
