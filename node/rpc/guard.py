"""Who may talk to a server on this machine: a pure question about the head of a request.

A server on loopback is not private: every page in a browser can send requests to it
(rpc-and-ux.md, section 7).  So the Host header is checked against DNS rebinding, foreign origins
are refused, and an operator's token can be asked for.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from node.base.errors import ConfigError
from node.base.limits import HTTP_HEADERS_BYTES_MAX, HTTP_TARGET_BYTES_MAX, TOKEN_BYTES_MAX
from node.ipfs_lite.http import Response

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_EXTENSIONS: Final = ("chrome-extension://", "moz-extension://")
"""A page cannot forge these origins, and wallets and companions send them."""
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Guard:
    """What one address asks of every request."""

    hosts: frozenset[str] = LOOPBACK_HOSTS
    """Names under which it may be asked for, without port, in lower case."""
    is_exposed: bool = False
    """Listens beyond this machine: any IP address is a name then, since rebinding needs a name."""
    token: bytes | None = None
    """What ``Authorization: Bearer`` has to carry; None asks for nothing."""

    def refusal(self, target: bytes, headers: Mapping[str, str]) -> Response | None:
        """Give the answer that ends a request, None when it may pass.

        ``target``    path and query as sent.
        ``headers``   names in lower case; repeated ones joined by commas.
        """
        if len(target) > HTTP_TARGET_BYTES_MAX:
            return plain(414, f"path and query have more than {HTTP_TARGET_BYTES_MAX} bytes")
        if sum(len(name) + len(value) for name, value in headers.items()) > HTTP_HEADERS_BYTES_MAX:
            return plain(431, f"headers have more than {HTTP_HEADERS_BYTES_MAX} bytes")
        host = headers.get("host", "").lower()
        if not self._knows(host):
            return plain(403, "this server is not asked for under that Host")
        origin = headers.get("origin")
        if origin is not None and not self._is_own(origin.lower(), host):
            return plain(403, "pages of other origins may not ask this server")
        if self.token is not None and not _carries(headers.get("authorization", ""), self.token):
            challenge = (("WWW-Authenticate", 'Bearer realm="wardnet"'),)
            return plain(401, "this server asks for the operator token", challenge)
        return None

    def _knows(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match["name"]
        return name in self.hosts or (self.is_exposed and _is_address(name))

    @staticmethod
    def _is_own(origin: str, host: str) -> bool:
        return origin == f"http://{host}" or origin.startswith(_EXTENSIONS)


def plain(status: int, sentence: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Give an answer of one line of text."""
    body = f"{sentence}\n".encode()
    fixed = (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))))
    return Response(status, (*fixed, *headers), (body,))


def parse_token(text: bytes, origin: str) -> bytes:
    """Read the token of a file: one line of visible ASCII.

    raises        ConfigError: empty, too long, or something else than one word.
    """
    word = text.strip()
    if not 16 <= len(word) <= TOKEN_BYTES_MAX or not _TOKEN.fullmatch(word.decode("latin-1")):
        raise ConfigError(
            f"{origin}: wants a token of one line, 16 to {TOKEN_BYTES_MAX} visible ASCII characters"
        )
    return word


def _carries(authorization: str, token: bytes) -> bool:
    scheme, _, given = authorization.partition(" ")
    # the comparison takes as long for a wrong first character as for a wrong last one
    matches = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token)
    return scheme.lower() == "bearer" and matches


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
