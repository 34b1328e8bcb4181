"""``wardnet share verify``: whether holders' shares belong to the record that a deal commits to."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from node.base.errors import UsageError
from node.commands import output
from node.commands.share_files import (
    ShareFileError,
    fault_text,
    open_file,
    read_given,
    read_line,
)

if TYPE_CHECKING:
    from node.sss.commitments import Manifest
    from node.sss.feldman import Fit
    from node.sss.holder_file import FilePart
    from node.sss.shares import Container

_MANIFEST_MAGIC: Final = b"WSM1"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A share that somebody shows, and what stands beside it in the file."""

    path: Path
    file: BinaryIO
    share: "Container"
    manifest: "Manifest | None" = None
    fragment: "FilePart | None" = None


@dataclass(frozen=True, slots=True)
class _Reference:
    """The manifest that decides, and whose it is."""

    path: Path
    manifest: "Manifest"


def verify(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Holders' files, and a manifest.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check that shares belong to the committed record; anybody can, and nothing is opened.

    A manifest among the files decides, as it lies in the store; else the patient's file; else the
    first. Every share and fragment is held against its salted digests, a share of ssms-feldman
    also against the public points: that tells a holder who changed a share from a dealer who
    dealt a wrong one. Exit 1 with the name of each file that does not belong.
    """
    with ExitStack() as stack:
        references: list[_Reference] = []
        shown: list[_Shown] = []
        found: list[dict[str, Any]] = []
        for path in files:
            file = open_file(stack, path)
            try:
                _sort(path, file, references, shown)
            except ShareFileError as error:
                found.append(_verdict(path, None, [error.why]))
        if not shown and not found:
            raise UsageError("wants holders' files to check against the manifest")
        reference = _decisive(references, shown)
        found += [_judged(one, reference) for one in shown]
    status = 1 if any(one["faults"] for one in found) else 0
    order = list(map(str, files))
    found.sort(key=lambda one: order.index(one["file"]))
    document = {"exit_code": status, "seed": None, **_facts(reference), "files": found}
    if as_json:
        output.write_json(document)
    else:
        _print(document)
    raise typer.Exit(status)


def _sort(path: Path, file: BinaryIO, references: list[_Reference], shown: list[_Shown]) -> None:
    """Put a file where it belongs.

    raises        ShareFileError: it is damaged, or neither a manifest nor a holder's file.
                  UsageError: it cannot be read.
    """
    if _begins(path, file) == _MANIFEST_MAGIC:
        references.append(_Reference(path, _manifest(path, file)))
        return
    line = read_line(path, file)
    if line is not None:
        shown.append(_Shown(path, file, line))
        return
    holder = read_given(path, file).holder
    shown.append(_Shown(path, file, holder.share, holder.manifest, holder.fragment))


def _begins(path: Path, file: BinaryIO) -> bytes:
    try:
        start = file.read(len(_MANIFEST_MAGIC))
        file.seek(0)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    return start


def _manifest(path: Path, file: BinaryIO) -> "Manifest":
    from node.base.limits_sharing import FILE_MANIFEST_BYTES_MAX
    from node.sss.commitments import Manifest
    from node.sss.errors import ShareFormatError
    from node.sss.holder_file import FILE_SCHEMES

    try:
        return Manifest.decode(file.read(FILE_MANIFEST_BYTES_MAX + 1), schemes=FILE_SCHEMES)
    except ShareFormatError as error:
        raise ShareFileError(str(path), fault_text(error)) from error


def _decisive(references: Sequence[_Reference], shown: Sequence[_Shown]) -> _Reference | None:
    """Give the manifest that decides, None if no file that can be read has one.

    raises        ShareFileError: two manifests that differ.
    """
    for one in references[1:]:
        if one.manifest != references[0].manifest:
            raise ShareFileError(str(one.path), f"is another manifest than {references[0].path}")
    patient_first = sorted(shown, key=lambda one: one.share.index != 0)
    own = (_Reference(one.path, one.manifest) for one in patient_first if one.manifest is not None)
    return next(iter((*references, *own)), None)


def _judged(one: _Shown, reference: _Reference | None) -> dict[str, Any]:
    """Say what is wrong with a share and its fragment, or what is proved of it."""
    from node.sss.feldman import judge
    from node.sss.holder_file import part_digest

    share = one.share
    if reference is None:
        return _verdict(one.path, share.index, ["there is no manifest to check it against"])
    manifest = reference.manifest
    if share.deal_id != manifest.header.deal_id():
        fault = f"it is of another record: its deal is {share.deal_id.hex()}"
        return _verdict(one.path, share.index, [fault])
    if share.epoch != manifest.epoch:
        fault = f"it is of epoch {share.epoch}, the manifest of {manifest.epoch}"
        return _verdict(one.path, share.index, [fault])
    fit = judge(manifest, share)
    faults = [] if fit.is_good else [fit.value]
    if one.manifest not in (None, manifest):
        faults.append("the manifest in it is not the one that decides")
    if one.fragment is not None:
        listed = manifest.fragments[share.index - 1].digest
        if not listed == one.fragment.stored == part_digest(one.file, one.fragment):
            faults.append("its fragment is not the one that the manifest lists")
    return _verdict(one.path, share.index, faults, fit)


def _verdict(
    path: Path, index: int | None, faults: list[str], fit: "Fit | None" = None
) -> dict[str, Any]:
    return {
        "file": str(path),
        "index": index,
        "verdict": None if fit is None else fit.name.lower(),
        "proves": None if fit is None or faults else fit.value,
        "faults": faults,
    }


def _facts(reference: _Reference | None) -> dict[str, Any]:
    from node.sss.errors import holders_text
    from node.sss.schemes import SCHEMES

    if reference is None:
        return {"deal_id": None, "manifest_id": None, "manifest_of": None, "scheme": None}
    manifest = reference.manifest
    header = manifest.header
    return {
        "deal_id": header.deal_id().hex(),
        "manifest_id": manifest.manifest_id().hex(),
        "manifest_of": str(reference.path),
        "scheme": SCHEMES[header.scheme].name,
        "plan": holders_text(header.t, header.n),
    }


def _print(document: dict[str, Any]) -> None:
    for one in document["files"]:
        name = output.printable(one["file"])
        for fault in one["faults"]:
            output.say(f"WRONG    {name}: {fault}")
        if not one["faults"]:
            output.say(f"belongs  {name}: {one['proves']}")
    if document["manifest_id"] is not None:
        place = output.printable(document["manifest_of"])
        output.say(f"against manifest {document['manifest_id']} of {place}")
