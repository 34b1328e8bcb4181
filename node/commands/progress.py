"""Progress of a run on stderr: a live picture on a terminal, plain lines elsewhere."""

import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Protocol, TextIO

from node.base.types import MICROS_PER_SECOND
from node.commands import output

STEPS_SHOWN_MAX: Final = 12
LINE_SECONDS_MIN: Final = 5.0
"""Between two plain lines about blocks; steps and verdicts are printed as they come."""


class Event(Protocol):
    """What a runner tells about its work."""

    @property
    def t_us(self) -> int:
        """The virtual time."""
        ...

    @property
    def kind(self) -> str:
        """One of step, block, expectation, phase, done."""
        ...

    @property
    def text(self) -> str:
        """What happened, in a few words."""
        ...


@contextmanager
def shown(title: str, stream: TextIO) -> Generator[Callable[[Event], None]]:
    """Give a function that takes events and shows them for as long as the context lasts."""
    if not output.is_terminal(stream):
        yield PlainLines(stream)
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    picture = Picture(title)
    console = Console(file=stream)
    with Live(console=console, refresh_per_second=8, transient=True) as live:

        def take(event: Event) -> None:
            picture.take(event)
            live.update(Text("\n".join(picture.lines()), no_wrap=True))  # a text has no markup

        yield take


class PlainLines:
    """Writes each step and verdict on a line, and a block at most every five seconds."""

    def __init__(self, stream: TextIO, wall: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._wall = wall
        self._last = wall()

    def __call__(self, event: Event) -> None:
        """Write an event."""
        if event.kind == "block" and self._wall() - self._last < LINE_SECONDS_MIN:
            return
        self._last = self._wall()
        self._stream.write(f"{seconds(event.t_us):>9} s  {event.kind:<11} {event.text}\n")
        self._stream.flush()


class Picture:
    """What a terminal shows: virtual time, the newest block, the last steps."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._t_us = 0
        self._phase = ""
        self._block = "no block yet"
        self._steps: deque[str] = deque(maxlen=STEPS_SHOWN_MAX)

    def take(self, event: Event) -> None:
        """Change the picture."""
        self._t_us = event.t_us
        if event.kind == "block":
            self._block = event.text
        elif event.kind == "phase":
            self._phase = event.text
        else:
            self._steps.append(f"{seconds(event.t_us):>9} s  {event.text}")

    def lines(self) -> list[str]:
        """Give the picture as lines of text."""
        head = f"{self._title}  t = {seconds(self._t_us)} s  {self._block}  {self._phase}"
        return [head.rstrip(), *self._steps]


def seconds(t_us: int) -> str:
    """Write microseconds as seconds with one decimal, rounded down."""
    return f"{t_us // MICROS_PER_SECOND}.{t_us % MICROS_PER_SECOND * 10 // MICROS_PER_SECOND}"
