"""Trees become files and folders of the operator's disk, whole or not at all.

What may be written, and where a symlink may lead, is decided in ``ipfs_lite/unixfs_export.py``.
"""

import os
import shutil
import tempfile
from pathlib import Path

from node.base.errors import UsageError
from node.base.limits import LOCAL_READ_BYTES_MAX
from node.base.types import Cid
from node.commands.chain_io import OutputFileError
from node.ipfs_lite.unixfs_export import MakeFolder, MakeLink, Place, Step, WriteFile, plan_export
from node.ipfs_lite.unixfs_walk import Get


def write_out(get: Get, root: Cid, out: Path, *, bytes_max: int = LOCAL_READ_BYTES_MAX) -> int:
    """Write a file or a tree to a new path, all of it or nothing; give the bytes of its files.

    It grows in a folder beside its place and is moved there once it is whole.

    raises        UsageError: there is something at ``out``, or no folder to put it in.
                  OutputFileError: the disk refused it.  What ``plan_export`` raises.
    """
    _refuse_existing(out)
    try:
        made = tempfile.mkdtemp(prefix=".wardnet-get-", dir=out.parent)
    except OSError as error:
        raise UsageError(f"{out.parent}: {error.strerror}") from error
    try:
        top = Path(made, "content")
        written = sum(_write(step, top) for step in plan_export(get, root, bytes_max=bytes_max))
        _refuse_existing(out)
        top.rename(out)
    except OSError as error:
        raise OutputFileError(str(out), error.strerror or str(error)) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return written


def _refuse_existing(out: Path) -> None:
    if os.path.lexists(out):
        raise UsageError(f"{out}: exists already, wants a new name")


def _write(step: Step, top: Path) -> int:
    """Do one step; give the bytes written."""
    match step:
        case MakeFolder(place):
            _at(top, place).mkdir()
        case MakeLink(place, target):
            _at(top, place).symlink_to(os.fsdecode(target))
        case WriteFile(place, size, pieces):
            with _at(top, place).open("xb") as file:  # x: never through what is there already
                file.writelines(pieces)
            return size
    return 0


def _at(top: Path, place: Place) -> Path:
    return top.joinpath(*place)
