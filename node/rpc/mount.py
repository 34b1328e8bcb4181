"""What is served where, and how a request of ASGI becomes a plain one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from node.ipfs_lite.http import Request, Response
from node.rpc.guard import Guard

Handler: TypeAlias = Callable[[Request], Response]
Scope: TypeAlias = Mapping[str, Any]  # Any: what ASGI says about a connection


@dataclass(frozen=True, slots=True)
class Site:
    """One address and what is served there."""

    host: str
    """An IP address."""
    port: int
    """0: the system chooses."""
    prefix: str
    """Below which path the handler answers, ``/ipfs`` for example."""
    handle: Handler
    guard: Guard


def url_of(bound: tuple[Any, ...]) -> str:
    """Give the address of a site; ``bound`` is what its socket is bound to."""
    host, port = bound[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def headers_of(scope: Scope) -> dict[str, str]:
    """Give headers with names in lower case; repeated ones are joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def target_of(scope: Scope) -> bytes:
    """Give path and query as they were sent."""
    query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"]
    return path + b"?" + query if query else path


def request_of(scope: Scope, headers: Mapping[str, str], body: Iterable[bytes]) -> Request:
    """Give the request as handlers know it; a query that is no UTF-8 has replacement marks."""
    query = scope["query_string"].decode("latin-1")
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=body,
    )
