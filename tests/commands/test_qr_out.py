import stat

import pytest

from node.base.errors import UsageError
from node.commands.qr_out import check_forms, show
from node.privacy.qr import qr_png, qr_svg

LINE = "WARDNET:ABC"


def test_two_forms_are_one_too_many(tmp_path):
    check_forms(None, None, as_text=True)
    with pytest.raises(UsageError, match="one of --svg, --png and --text"):
        check_forms(tmp_path / "x", None, as_text=True)


def test_a_picture_is_a_new_file_of_its_owner(tmp_path):
    svg, png = tmp_path / "a", tmp_path / "b"
    show(LINE, svg, None, as_text=False)
    show(LINE, None, png, as_text=False)
    assert (svg.read_bytes(), png.read_bytes()) == (qr_svg(LINE), qr_png(LINE))
    assert stat.S_IMODE(svg.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="exists already"):
        show(LINE, svg, None, as_text=False)


def test_the_terminal_shows_the_line_or_its_code(capsys):
    show(LINE, None, None, as_text=True)
    assert capsys.readouterr().out == f"{LINE}\n"
    show(LINE, None, None, as_text=False)
    assert len(capsys.readouterr().out.splitlines()) > 10
