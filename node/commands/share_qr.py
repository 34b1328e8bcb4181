"""``wardnet share qr``: the essential share of ssms-1tn as a QR code on paper or screen."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from node.base.errors import UsageError
from node.commands import output
from node.commands.new_files import NewFiles, naming
from node.commands.share_files import open_file, read_given, read_line

_CONFIRMATION: Final = "--i-know-this-is-a-key"


def qr(
    essential: Annotated[Path, typer.Argument(metavar="ESSENTIAL", help="The patient's file.")],
    *,
    is_known: Annotated[
        bool, typer.Option(_CONFIRMATION, help="Whoever sees the code has the essential share.")
    ] = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="A new SVG.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="A new PNG.")] = None,
    as_text: Annotated[bool, typer.Option("--text", help="The line instead of the code.")] = False,
) -> None:
    """Show the essential share as a QR code: in the terminal, or in a file for its owner alone.

    The code holds a line that begins with WARDNET: and that share combine takes in a file instead
    of the patient's file. Only the share of ssms-1tn has a fixed size that fits.
    """
    from node.privacy.qr import qr_letters, qr_png, qr_svg
    from node.sss.essential_text import to_text

    if not is_known:
        raise UsageError(f"this shows a key to everybody who looks: wants {_CONFIRMATION}")
    if sum((svg is not None, png is not None, as_text)) > 1:
        raise UsageError("wants one of --svg, --png and --text")
    with ExitStack() as stack:
        file = open_file(stack, essential)
        share = read_line(essential, file) or read_given(essential, file).holder.share
    line = to_text(share)
    if svg is not None:
        _write(svg, qr_svg(line))
    elif png is not None:
        _write(png, qr_png(line))
    elif as_text:
        output.say(line)
    else:
        is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
        for row in qr_letters(line, ascii_only=not is_unicode):
            output.say(row)


def _write(path: Path, picture: bytes) -> None:
    with NewFiles() as made:
        with naming(path):
            made.open(path).write(picture)
        made.publish()
