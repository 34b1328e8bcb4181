"""Errors that only this folder raises; a peer's broken frame is ``FrameError`` of the base."""

from dataclasses import dataclass

from node.base.errors import PeerError, WardnetError


@dataclass(eq=False)
class UnsendableError(WardnetError):
    """A message of our own does not fit the wire: a mistake here, no peer's."""

    message: str
    what: str

    def __str__(self) -> str:
        return f"{self.message} cannot be sent: {self.what}"


@dataclass(eq=False)
class CertificateError(PeerError):
    """A certificate, a request for one, or a revocation list breaks a rule."""

    kind: str
    """``leaf``, ``request`` or ``crl``."""
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"
