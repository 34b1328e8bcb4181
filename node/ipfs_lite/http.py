"""HTTP as plain values: what the gateway and the RPC handlers take and give.

No sockets here: ``node.rpc`` mounts the handlers on a server.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as far as a handler may know it."""

    method: str
    path: str
    """As sent: still percent-encoded, without the query."""
    query: tuple[tuple[str, str], ...] = ()
    """Decoded, in the order of sending; a name may come more than once."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names in lower case."""
    body: Iterable[bytes] = ()
    """Pieces of any length; may be read once."""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Iterable[bytes] = ()
    """Pieces, made while they are sent.  An error raised on the way must end the connection
    without the final chunk: what came is not the whole."""
