"""Which of the files that were named can open a record together.

The patient's file is trusted: what is listed in its manifest decides about the custodians' files.
Where only the line of a QR code is given, the manifests of t-1 custodians must agree.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from node.base.errors import UsageError
from node.commands import output
from node.commands.share_files import (
    GivenFile,
    ShareFileError,
    allow_open_files,
    open_file,
    read_given,
    read_line,
)

if TYPE_CHECKING:
    from node.sss.bundle import Bundle
    from node.sss.commitments import Manifest
    from node.sss.shares import Container


@dataclass(slots=True)
class Gathered:
    """The patient's share and the custodians' files of one deal and epoch."""

    essential: "Bundle"
    custodians: dict[int, GivenFile]
    """By index; what is found to be bad is taken out."""
    bad: list[ShareFileError] = field(default_factory=list)

    def leave_out(self, index: int, why: str) -> None:
        """Take out the file of an index.  raises as ``check_enough``."""
        given = self.custodians.pop(index)
        self.bad.append(ShareFileError(str(given.path), why))
        self.check_enough()

    def check_enough(self) -> None:
        """See that the files that are left suffice.

        raises        ShareFileError: they would, were it not for this bad one.
                      ShareMissingError: too few were given.
        """
        from node.sss.errors import ShareMissingError

        need = self.essential.manifest.header.needed
        present = tuple(sorted(self.custodians))
        if len(present) >= need:
            return
        missing = ShareMissingError(len(present), need, present)
        if not self.bad:
            raise missing
        for other in self.bad[1:]:
            output.talk(f"warning: {other}")
        raise replace(self.bad[0], hint=str(missing)) from missing

    def warn(self) -> None:
        """Name what was left out."""
        for error in self.bad:
            output.talk(f"warning: {error}: left out")


def gather(stack: ExitStack, essential: Path, custodians: Sequence[Path]) -> Gathered:
    """Open files and keep those that belong together.

    raises        ShareFileError: one is of another record or epoch, two have one index, or so many
                  are damaged that too few are left.
                  WrongEssentialShareError: the patient's share is not the one of the others.
                  ShareMissingError: too few.  UsageError: one cannot be opened.
    """
    from node.sss.bundle import Bundle
    from node.sss.errors import WrongEssentialShareError

    share, manifest = _patients(essential, stack)
    given, bad = _readable(custodians, stack)
    _check_deals(essential, share, given)
    _check_epochs(share, given)
    _check_indices(given)
    if manifest is None:
        manifest = _agreed_manifest(given, bad)
    if manifest.digests[0] != share.digest() or manifest.epoch != share.epoch:
        raise WrongEssentialShareError(
            f"{output.printable(str(essential))} does not fit the manifest"
        )
    kept: dict[int, GivenFile] = {}
    for one in sorted(given, key=lambda one: one.holder.share.index):
        why = _mismatch(one, manifest)
        if why is None:
            kept[one.holder.share.index] = one
        else:
            bad.append(ShareFileError(str(one.path), why))
    found = Gathered(Bundle(manifest, share, None), kept, bad)
    found.check_enough()
    return found


def _patients(path: Path, stack: ExitStack) -> "tuple[Container, Manifest | None]":
    from node.sss.errors import WrongEssentialShareError
    from node.sss.essential_text import PREFIX

    if str(path).startswith(PREFIX):
        raise UsageError(
            "--essential: the line itself would stay in the shell's history: wants a file with it"
        )
    file = open_file(stack, path)
    line = read_line(path, file)
    if line is not None:
        return line, None
    holder = read_given(path, file).holder
    if holder.share.index:
        raise WrongEssentialShareError(
            f"{output.printable(str(path))} is the file of custodian {holder.share.index}"
        )
    return holder.share, holder.manifest


def _readable(
    paths: Sequence[Path], stack: ExitStack
) -> tuple[list[GivenFile], list[ShareFileError]]:
    allow_open_files(len(paths))
    given: list[GivenFile] = []
    bad: list[ShareFileError] = []
    for path in paths:
        file = open_file(stack, path)
        try:
            given.append(read_given(path, file))
        except ShareFileError as error:
            bad.append(error)
    for one in given:
        if one.holder.share.index == 0:
            raise UsageError(f"{one.path}: is an essential share, name it with --essential")
    return given, bad


def _check_deals(essential: Path, share: "Container", given: Sequence[GivenFile]) -> None:
    from node.sss.errors import WrongEssentialShareError

    want = share.deal_id
    others = [one for one in given if one.holder.share.deal_id != want]
    if not others:
        return
    got = others[0].holder.share.deal_id
    if len(others) == len(given) and all(one.holder.share.deal_id == got for one in given):
        raise WrongEssentialShareError(
            f"{output.printable(str(essential))} is of deal {want.hex()}, "
            f"the custodians' files of deal {got.hex()}"
        )
    raise ShareFileError(
        str(others[0].path),
        f"is of another record: its deal is {got.hex()}, the essential share's {want.hex()}",
    )


def _check_epochs(share: "Container", given: Sequence[GivenFile]) -> None:
    for one in given:
        if one.holder.share.epoch != share.epoch:
            raise ShareFileError(
                str(one.path),
                f"is of epoch {one.holder.share.epoch}, the essential share of {share.epoch}: "
                "shares of different epochs do not open a record",
            )


def _check_indices(given: Sequence[GivenFile]) -> None:
    seen: dict[int, GivenFile] = {}
    for one in given:
        index = one.holder.share.index
        if index in seen:
            raise ShareFileError(
                str(one.path), f"has the index {index}, and so has {seen[index].path}"
            )
        seen[index] = one


def _agreed_manifest(given: Sequence[GivenFile], bad: Sequence[ShareFileError]) -> "Manifest":
    if not given:
        raise bad[0]
    groups: dict[Manifest, list[GivenFile]] = {}
    for one in given:
        groups.setdefault(one.holder.manifest, []).append(one)
    if len(groups) == 1:
        return given[0].holder.manifest
    # the line names the deal, and the deal the key's commitment: t-1 files that agree either open
    # the right record or none, so the others may be left out without a vote
    enough = [
        manifest for manifest, files in groups.items() if len(files) >= manifest.header.needed
    ]
    if len(enough) == 1:
        return enough[0]
    first, other = (files[0].path for files in list(groups.values())[:2])
    raise ShareFileError(
        str(other),
        f"its manifest differs from that of {first}: the patient's file would tell "
        "which is right, the line of a QR code cannot",
    )


def _mismatch(one: GivenFile, manifest: "Manifest") -> str | None:
    """Say what in a file is not what the manifest lists."""
    holder = one.holder
    index = holder.share.index
    if holder.share.digest() != manifest.digests[index]:
        return "its share is not the one that the manifest lists"
    if holder.manifest != manifest:
        return "its manifest is not the one that the record is opened by"
    if holder.fragment and holder.fragment.stored != manifest.fragments[index - 1].digest:
        return "its fragment is not the one that the manifest lists"
    return None
