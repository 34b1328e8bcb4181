"""A line as a QR code: in the terminal, or as a picture in a new file of its owner."""

import sys
from pathlib import Path

from node.base.errors import UsageError
from node.commands import output
from node.commands.new_files import NewFiles, naming


def check_forms(svg: Path | None, png: Path | None, *, as_text: bool) -> None:
    """Refuse more than one form.  raises UsageError."""
    if sum((svg is not None, png is not None, as_text)) > 1:
        raise UsageError("wants one of --svg, --png and --text")


def show(line: str, svg: Path | None, png: Path | None, *, as_text: bool) -> None:
    """Show a line in the form that was chosen, in the terminal if none was.

    raises        UsageError: the file exists already.
    """
    from node.privacy.qr import qr_letters, qr_png, qr_svg

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
