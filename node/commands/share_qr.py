"""``wardnet share qr``: the essential share of ssms-1tn as a QR code on paper or screen."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from node.base.errors import UsageError
from node.commands import qr_out
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
    from node.sss.essential_text import to_text

    if not is_known:
        raise UsageError(f"this shows a key to everybody who looks: wants {_CONFIRMATION}")
    qr_out.check_forms(svg, png, as_text=as_text)
    with ExitStack() as stack:
        file = open_file(stack, essential)
        share = read_line(essential, file) or read_given(essential, file).holder.share
    line = to_text(share)
    qr_out.show(line, svg, png, as_text=as_text)
