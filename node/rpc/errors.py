"""What goes wrong between a server and its clients, below any call."""

from dataclasses import dataclass

from node.base.errors import PeerError


@dataclass(eq=False)
class UploadBrokenError(PeerError):
    """A client went away in the middle of a body."""

    def __str__(self) -> str:
        return "the client went away in the middle of its upload"


@dataclass(eq=False)
class UploadTooSlowError(PeerError):
    """The next piece of a body did not come in time."""

    seconds: int

    def __str__(self) -> str:
        return f"no piece of the body for {self.seconds} seconds"
