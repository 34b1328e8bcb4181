"""``wardnet share inspect``: what files of a deal say, and whether they belong together."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands import output
from node.commands.share_files import GivenFile, open_file, read_given, read_line

if TYPE_CHECKING:
    from node.sss.shares import Container


def inspect(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Holders' files.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show the header fields and digests of share files, and whether they belong together.

    Payloads, salts and keys are never shown. A file with the line of a QR code is read too. Exit 1
    if a digest does not fit or the files are of different deals or epochs. What a simulation dealt
    is shown as such: share combine does not open it.
    """
    found = [_described(path) for path in files]
    together = _together(found)
    status = 1 if together["faults"] else 0
    if as_json:
        output.write_json({"exit_code": status, "seed": None, "files": found, "together": together})
    else:
        _print(found, together)
    raise typer.Exit(status)


def _described(path: Path) -> dict[str, Any]:
    with ExitStack() as stack:
        file = open_file(stack, path)
        line = read_line(path, file)
        if line is not None:
            return {"file": str(path), **_share(line), "share_digests": _digests(line)}
        return _of_holder(read_given(path, file))


def _of_holder(given: GivenFile) -> dict[str, Any]:
    holder = given.holder
    header, manifest = holder.manifest.header, holder.manifest
    index = holder.share.index
    return {
        "file": str(given.path),
        **_share(holder.share),
        "record_bytes": header.plaintext_length,
        "record_version": header.record_version,
        "generation": header.generation,
        "chain_id": header.chain_id,
        "pmr_id": header.pmr_id.hex(),
        "dealer": header.dealer.hex(),
        "simulated": header.is_simulated,
        "manifest_id": manifest.manifest_id().hex(),
        "essential_digest": manifest.digests[0].hex(),
        "share_digests": _digests(holder.share, manifest.digests[index]),
        "fragment_digests": _fragment_digests(given),
    }


def _share(share: "Container") -> dict[str, Any]:
    from node.sss.errors import holders_text
    from node.sss.schemes import SCHEMES

    return {
        "kind": share.kind.name.lower(),
        "index": share.index,
        "plan": holders_text(share.t, share.n),
        "t": share.t,
        "n": share.n,
        "scheme": SCHEMES[share.scheme].name,
        "epoch": share.epoch,
        "deal_id": share.deal_id.hex(),
    }


def _digests(share: "Container", listed: bytes | None = None) -> dict[str, Any]:
    """Give the digests of a share; its stored one was compared when it was read."""
    computed = share.digest().hex()
    return {
        "stored": computed,
        "computed": computed,
        "manifest": None if listed is None else listed.hex(),
    }


def _fragment_digests(given: GivenFile) -> dict[str, Any] | None:
    from node.sss.holder_file import part_digest

    holder = given.holder
    if holder.fragment is None:
        return None
    return {
        "stored": holder.fragment.stored.hex(),
        "computed": part_digest(given.file, holder.fragment).hex(),
        "manifest": holder.manifest.fragments[holder.share.index - 1].digest.hex(),
    }


def _together(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Judge the files as a set."""
    faults = [fault for one in found for fault in _own_faults(one)]
    for key, what in (
        ("deal_id", "deals"),
        ("epoch", "epochs"),
        ("manifest_id", "manifests"),
    ):
        values = sorted({str(one[key]) for one in found if key in one})
        if len(values) > 1:
            faults.append(f"the files are of different {what}: {', '.join(values)}")
            break
    # the line of a QR code has no manifest of its own
    listed = {one["essential_digest"] for one in found if "essential_digest" in one}
    faults += [
        f"{one['file']}: its share is not the one that the manifests list"
        for one in found
        if "essential_digest" not in one and listed - {one["share_digests"]["computed"]}
    ]
    indices = [one["index"] for one in found]
    faults += [f"index {x} comes twice" for x in sorted(set(indices)) if indices.count(x) > 1]
    custodians = sorted({x for x in indices if x})
    needed = found[0]["t"] - 1
    is_real = not any(one.get("simulated") for one in found)
    return {
        "faults": faults,
        "essential": 0 in indices,
        "custodians": custodians,
        "needed": needed,
        "opens": not faults and is_real and 0 in indices and len(custodians) >= needed,
    }


def _own_faults(one: dict[str, Any]) -> list[str]:
    faults: list[str] = []
    for part in ("share", "fragment"):
        digests = one.get(f"{part}_digests")
        if digests is None:
            continue
        if digests["computed"] != digests["stored"]:
            faults.append(f"{one['file']}: the bytes of its {part} were changed")
        elif digests["manifest"] not in (None, digests["stored"]):
            faults.append(f"{one['file']}: its {part} is not the one that the manifest lists")
    return faults


def _print(found: list[dict[str, Any]], together: dict[str, Any]) -> None:
    for one in found:
        output.say(output.printable(one["file"]))
        rows: list[tuple[str, object]] = [
            (name, value)
            for name, value in one.items()
            if name not in ("file", "t", "n") and not name.endswith("_digests")
        ]
        for part in ("share_digests", "fragment_digests"):
            rows += [
                (f"{part.removesuffix('s')} {name}", value)
                for name, value in (one.get(part) or {}).items()
            ]
        for line in output.columns((name.replace("_", " "), value) for name, value in rows):
            output.say(line)
    for fault in together["faults"]:
        output.say(f"WRONG    {output.printable(fault)}")
    essential = "present" if together["essential"] else "missing"
    present = ", ".join(map(str, together["custodians"])) or "none"
    output.say(
        f"together {'they open the record' if together['opens'] else 'they do not open a record'}: "
        f"essential share {essential}, custodians {present}, {together['needed']} needed"
    )
