"""Progress: plain lines without a terminal, a picture with one."""

import io

import pytest

from node.commands.progress import STEPS_SHOWN_MAX, Picture, PlainLines, seconds, shown
from tests.commands.fakes import Told


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Wall:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("t_us", "text"),
    [(0, "0.0"), (99_999, "0.0"), (100_000, "0.1"), (1_999_999, "1.9"), (65_000_000, "65.0")],
)
def test_time_is_rounded_down_to_tenths(t_us: int, text: str) -> None:
    assert seconds(t_us) == text


def test_step_is_a_line_at_once() -> None:
    stream = io.StringIO()
    PlainLines(stream, Wall())(Told(5_000_000, "step", "admit ok"))
    assert stream.getvalue() == "      5.0 s  step        admit ok\n"


def test_blocks_are_told_every_five_seconds_of_wall_time() -> None:
    stream, wall = io.StringIO(), Wall()
    lines = PlainLines(stream, wall)
    for wall.now in (0.0, 4.9, 5.0, 5.1, 9.9, 10.0):
        lines(Told(0, "block", f"at {wall.now}"))
    told = [line.split("at ")[1] for line in stream.getvalue().splitlines()]
    assert told == ["5.0", "10.0"]


def test_stream_that_is_no_terminal_gets_plain_lines() -> None:
    stream = io.StringIO()
    with shown("journey", stream) as take:
        take(Told(0, "step", "admit ok"))
    assert "\x1b" not in stream.getvalue()
    assert "admit ok" in stream.getvalue()


def test_terminal_gets_a_picture_that_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with shown("journey", stream) as take:
        take(Told(5_000_000, "step", "admit ok"))
    assert "journey  t = 5.0 s" in stream.getvalue()
    assert "admit ok" in stream.getvalue()


def test_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with shown("journey", stream) as take:
        take(Told(0, "step", "admit ok"))
    assert "\x1b" not in stream.getvalue()


def test_brackets_in_a_text_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with shown("journey", stream) as take:
        take(Told(0, "step", "record [bold] [/] read"))
    assert "record [bold] [/] read" in stream.getvalue()


def test_picture_shows_time_newest_block_and_phase() -> None:
    picture = Picture("journey")
    picture.take(Told(1_000_000, "block", "block 1 by h1"))
    picture.take(Told(2_000_000, "phase", "closing"))
    assert picture.lines() == ["journey  t = 2.0 s  block 1 by h1  closing"]


def test_picture_keeps_the_last_steps() -> None:
    picture = Picture("journey")
    for number in range(STEPS_SHOWN_MAX + 1):
        picture.take(Told(0, "step", f"step-{number}"))
    lines = picture.lines()[1:]
    assert len(lines) == STEPS_SHOWN_MAX
    assert lines[0].endswith("step-1")
