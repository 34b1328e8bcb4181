"""``wardnet share combine``: the patient's file and custodians' files become the record again."""

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from node.base.errors import UsageError
from node.commands import output
from node.commands.new_files import NewFiles, is_folder, naming, unnamed_file
from node.commands.share_files import Meter, MeteredFile, ShareFileError, fault_text
from node.commands.share_gather import Gathered, gather

RECORD_NAME: Final = "record.bin"
_LIES: Final = "its share does not fit the others"
_CHANGED: Final = "the bytes of its fragment were changed"


def combine(
    custodians: Annotated[
        list[Path], typer.Argument(metavar="CUSTODIAN...", help="Custodians' files.")
    ],
    *,
    essential: Annotated[
        Path, typer.Option(metavar="FILE", help="The patient's file, or the line of its QR code.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="A new file, or record.bin in DIR; else stdout."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Rebuild a record from the essential share and any T-1 custodians' files.

    Nothing of the record appears before its tag or commitment has been checked. A custodian's file
    that is damaged or lies is named on stderr, and the record is rebuilt from the others while
    enough are left. Files of different records or epochs, and two of one index, are refused.
    """
    if as_json and out is None:
        raise UsageError("--json: the record goes to stdout, wants --out")
    place = out / RECORD_NAME if out is not None and is_folder(out) else out
    with ExitStack() as stack, NewFiles() as made:
        found = gather(stack, essential, custodians)
        # for stdout on the system's disk: a folder that was named may be read-only
        target = made.open(place) if place else stack.enter_context(unnamed_file())
        with naming(place or Path("temporary file")):
            document = _rebuild(found, target, Meter("combine", is_quiet=as_json))
        if place is None:
            target.seek(0)
            shutil.copyfileobj(target, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        made.publish()
    found.warn()
    document["out"] = None if place is None else str(place)
    if as_json:
        output.write_json(document)
    else:
        output.talk(_sentence(document))


def _rebuild(found: Gathered, target: BinaryIO, meter: Meter) -> dict[str, Any]:
    """Write the record; leave out the files that turn out to be bad, while enough are left."""
    from node.sss.errors import FragmentMismatchError, ShareFormatError, TamperedRecordError
    from node.sss.shares import Scheme

    header = found.essential.manifest.header
    opened = _streamed if header.scheme is Scheme.SSMS else _in_memory
    while True:
        try:
            faults = opened(found, target, meter)
            break
        except ShareFormatError as error:
            if error.index not in found.custodians:
                raise
            found.leave_out(error.index, fault_text(error))
        except FragmentMismatchError as error:
            found.leave_out(error.index, str(error))
        except TamperedRecordError as error:
            named = ", ".join(str(found.custodians[x].path) for x in error.indices)
            raise ShareFileError(named, str(error)) from error
    for index, why in sorted(faults.items()):
        found.bad.append(ShareFileError(str(found.custodians[index].path), why))
    return {
        "exit_code": 0,
        "seed": None,
        "deal_id": header.deal_id().hex(),
        "record_bytes": header.plaintext_length,
        "custodians": sorted(set(found.custodians) - set(faults)),
        "left_out": [{"file": one.path, "why": one.why} for one in found.bad],
    }


def _streamed(found: Gathered, target: BinaryIO, meter: Meter) -> dict[int, str]:
    """Rebuild a record of any length; give what is wrong with which index."""
    from node.sss.streaming_open import combine_holders
    from node.sss.terms import Profile

    given = [
        (MeteredFile(str(one.path), one.file, meter), one.holder)
        for one in found.custodians.values()
    ]
    opened = combine_holders(found.essential, given, target, profile=Profile.PRODUCTION)
    return dict.fromkeys(opened.bad_fragments, _CHANGED) | dict.fromkeys(opened.liars, _LIES)


def _in_memory(found: Gathered, target: BinaryIO, meter: Meter) -> dict[int, str]:
    """Rebuild a record that was dealt in memory; give what is wrong with which index."""
    from node.sss.bundle import Bundle
    from node.sss.holder_file import fragment_container
    from node.sss.schemes import open_holders
    from node.sss.terms import Profile

    bundles: list[Bundle] = []
    for one in found.custodians.values():
        holder, part = one.holder, one.holder.fragment
        file = MeteredFile(str(one.path), one.file, meter)
        fragment = None if part is None else fragment_container(file, part)
        bundles.append(Bundle(holder.manifest, holder.share, fragment))
    opened = open_holders(found.essential, bundles, profile=Profile.PRODUCTION)
    target.write(opened.record)
    return dict.fromkeys(opened.liars, _LIES)


def _sentence(document: dict[str, Any]) -> str:
    place = document["out"]
    where = "" if place is None else f" to {output.printable(place)}"
    used = ", ".join(map(str, document["custodians"]))
    return f"{document['record_bytes']} bytes{where} with custodians {used}"
