"""``wardnet share split``: a file becomes the essential share and one file for each custodian."""

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from node.base.errors import UsageError
from node.commands import output
from node.commands.new_files import NewFiles, is_folder, naming, refuse_existing
from node.commands.share_files import Meter, MeteredFile, allow_open_files
from node.sss.claims import CLAIMS

if TYPE_CHECKING:
    from node.sss.shares import DealHeader, Scheme
    from node.sss.terms import DealTerms

_STREAM: Final = "-"
_CHUNK_BYTES: Final = 2**20
_WARNINGS: Final = {
    "single_custodian_opens": "t = 2, so any one custodian opens it with the essential share",
    "no_loss_tolerance": "t = n, so one lost share loses the record",
    "shares_as_long_as_the_record": "xor-1tn writes n files as long as the record, ssms-1tn less",
    "leaks_below_the_threshold": CLAIMS["nlss-q"],
    "essential_beside_custodians": "who gets this folder gets the record: move the essential share",
}
_FOREIGN_NOTE: Final = (
    "note: other tools make k' of the .yx files. k' is NOT the record key K: K = k' xor e"
)

HELP: Final = "\n\n".join(
    (
        "Share a file so that the essential share AND any T-1 of the N-1 custodians open it.",
        (
            "Writes DIR/custodian-001.wss and so on and the essential share, all of them or none, "
            "for their owner alone (mode 0600). Nothing that exists is replaced."
        ),
        "What may be claimed:",
        *(f"{name}: {claim}" for name, claim in CLAIMS.items()),
    )
)


def split(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What to share, - for stdin.")],
    *,
    t: Annotated[int, typer.Option("-t", metavar="T", help="Shares needed, the patient's too.")],
    n: Annotated[int, typer.Option("-n", metavar="N", help="Holders, the patient among them.")],
    essential: Annotated[Path, typer.Option(metavar="FILE", help="Of the patient's share.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Of the custodians' files.")],
    scheme: Annotated[
        str, typer.Option(metavar="NAME", help="One of " + ", ".join(CLAIMS) + ".")
    ] = "ssms-1tn",
    form: Annotated[
        str, typer.Option("--format", metavar="wss|yx", help="yx: y || x for foreign tools, too.")
    ] = "wss",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Share a file; a person reads ``HELP``."""
    from node.sss.errors import holders_text
    from node.sss.schemes import scheme_named, warnings_of
    from node.sss.shares import Scheme
    from node.sss.terms import check_plan

    chosen = scheme_named(scheme)
    check_plan(t=t, n=n)
    is_foreign = _wants_foreign(form, scheme)
    terms = _terms(t, n)
    _refuse_shares(out)
    places = [out / f"custodian-{x:03}.wss" for x in range(1, n)]
    copies = [place.with_suffix(".yx") for place in places] if is_foreign else []
    allow_open_files(len(places) + len(copies))
    with NewFiles() as made:
        made.folder(out)
        holders = [made.open(place) for place in places]
        foreign = [made.open(copy) for copy in copies]
        patient = made.open(essential)
        source, length = _opened(file, made, out, Meter("split", is_quiet=as_json))
        with naming(out):
            if chosen is Scheme.SSMS:
                header = _streamed(source, length, terms, (patient, *holders), made.scratch(out))
            else:
                header = _dealt(chosen, source, length, terms, (patient, *holders))
            for holder, copy in zip(holders, foreign, strict=is_foreign):
                _write_foreign(holder, copy)
        made.publish()
    warnings = list(warnings_of(chosen, terms, length=header.plaintext_length))
    if essential.resolve().parent == out.resolve():
        warnings.append("essential_beside_custodians")
    document: dict[str, Any] = {
        "exit_code": 0,
        "seed": None,
        "scheme": scheme,
        "plan": holders_text(t, n),
        "t": t,
        "n": n,
        "deal_id": header.deal_id().hex(),
        "record_bytes": header.plaintext_length,
        "essential": str(essential),
        "custodians": list(map(str, places)),
        "foreign": list(map(str, copies)),
        "warnings": warnings,
    }
    _print(document, as_json=as_json)


def _wants_foreign(form: str, scheme: str) -> bool:
    if form not in ("wss", "yx"):
        raise UsageError(f"--format: {form!r} is unknown, wants wss or yx")
    if form == "yx" and scheme != "ssms-1tn":
        raise UsageError(f"--format yx: shares of {scheme} are no 32-byte keys, wants ssms-1tn")
    return form == "yx"


def _terms(t: int, n: int) -> "DealTerms":
    """Give the terms of a deal that no chain knows: all other fields are zero."""
    from node.base.types import Address
    from node.sss.terms import DealTerms

    return DealTerms(
        chain_id=0,
        pmr_id=bytes(32),
        record_version=0,
        generation=0,
        dealer=Address(bytes(20)),
        t=t,
        n=n,
    )


def _refuse_shares(out: Path) -> None:
    """See that a folder has no shares of another deal.  raises UsageError."""
    if not is_folder(out) and os.path.lexists(out):
        raise UsageError(f"{out}: is no folder")
    for found in sorted(out.glob("custodian-*.wss")):
        refuse_existing(found)


def _opened(name: str, made: NewFiles, folder: Path, meter: Meter) -> tuple[MeteredFile, int]:
    """Give the record and its length; what cannot be read twice is copied to a nameless file.

    raises        UsageError: it cannot be read.
                  RecordTooLongError, OutputFileError: of the copy.
    """
    from node.base.limits import RECORD_BYTES_MAX
    from node.sss.errors import RecordTooLongError

    if name == _STREAM:
        if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - so it is when closed
            raise UsageError("-: stdin is closed")
        file = sys.stdin.buffer
    else:
        file = made.opened(Path(name))
        found = os.fstat(file.fileno())
        # files of /proc say 0 whatever is in them
        if stat.S_ISREG(found.st_mode) and found.st_size:
            return MeteredFile(name, file, meter), found.st_size
    source, copy, length = MeteredFile(name, file, meter), made.scratch(folder), 0
    with naming(folder):
        while chunk := source.read(_CHUNK_BYTES):
            length += len(chunk)
            if length > RECORD_BYTES_MAX:
                raise RecordTooLongError(length, RECORD_BYTES_MAX)
            copy.write(chunk)
        copy.flush()
        copy.seek(0)
    return MeteredFile(name, copy, meter), length


def _streamed(
    source: MeteredFile,
    length: int,
    terms: "DealTerms",
    outs: Sequence[BinaryIO],
    scratch: BinaryIO,
) -> "DealHeader":
    """Deal a record of any length by ssms-1tn into the holders' files, the patient's first."""
    from node.base.rng import SystemEntropy
    from node.sss.drbg import SeedsUsed
    from node.sss.streaming import split_stream
    from node.sss.terms import Profile

    return split_stream(
        source,
        length,
        terms,
        entropy=SystemEntropy(),
        seeds=SeedsUsed(),
        profile=Profile.PRODUCTION,
        essential_out=outs[0],
        custodian_outs=outs[1:],
        scratch=scratch,
    )


def _dealt(
    scheme: "Scheme", source: MeteredFile, length: int, terms: "DealTerms", outs: Sequence[BinaryIO]
) -> "DealHeader":
    """Deal a record in memory into the open files of the holders, the patient's first."""
    from node.base.rng import SystemEntropy
    from node.base.types import Address
    from node.sss.bundle import bundles_of
    from node.sss.drbg import SeedsUsed
    from node.sss.errors import RecordTooLongError, SourceChangedError
    from node.sss.schemes import SCHEMES, deal_record
    from node.sss.streaming import read_exactly
    from node.sss.terms import Profile

    limit = SCHEMES[scheme].record_bytes_max
    if length > limit:
        raise RecordTooLongError(length, limit)
    record = read_exactly(source, length + 1)
    if len(record) != length:
        raise SourceChangedError(length, len(record))
    deal = deal_record(
        scheme,
        record,
        terms,
        entropy=SystemEntropy(),
        seeds=SeedsUsed(),
        profile=Profile.PRODUCTION,
    )
    manifest = deal.manifest([Address(bytes(20))] * (terms.n - 1))
    for bundle, out in zip(bundles_of(deal, manifest), outs, strict=True):
        out.write(bundle.encode())
    return deal.header


def _write_foreign(holder: BinaryIO, out: BinaryIO) -> None:
    """Write the key share of a custodian's file as the tools of others take it: y || x."""
    from node.sss.holder_file import read_holder_file

    share = read_holder_file(holder).share
    out.write(share.payload + bytes((share.index,)))


def _print(document: dict[str, Any], *, as_json: bool) -> None:
    for name in document["warnings"]:
        output.talk(f"warning: {name}: {_WARNINGS[name]}")
    if document["foreign"]:
        output.talk(_FOREIGN_NOTE)
    if as_json:
        output.write_json(document)
        return
    rows = [
        ("deal", document["deal_id"]),
        ("scheme", document["scheme"]),
        ("plan", document["plan"]),
        ("record", f"{document['record_bytes']} bytes"),
        ("essential", document["essential"]),
        *(("custodian", place) for place in (*document["custodians"], *document["foreign"])),
    ]
    for line in output.columns(rows, indent=0):
        output.say(line)
