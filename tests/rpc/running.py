"""A server in a thread of its own, and clients that speak raw sockets."""

import http.client
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import trio

from node.ipfs_lite.http import Request, Response
from node.rpc.guard import Guard
from node.rpc.mount import Site
from node.rpc.service import listen, serve

SECONDS = 20
Started = tuple[tuple[str, ...], trio.lowlevel.TrioToken, trio.Event]


def site(
    handle: Callable[[Request], Response], prefix: str = "/t", guard: Guard | None = None
) -> Site:
    """Give a site on a port that the system chooses."""
    return Site("127.0.0.1", 0, prefix, handle, guard or Guard())


@contextmanager
def running(*sites: Site) -> Iterator[list[int]]:
    """Serve sites; give their ports; on leaving, stop and hand on what the server raised."""
    ready: queue.Queue[Started] = queue.Queue()
    failed: list[BaseException] = []

    sockets = listen(sites)

    def work() -> None:
        async def whole() -> None:
            stop = trio.Event()
            token = trio.lowlevel.current_trio_token()
            started = partial(_report, ready, token, stop)
            await serve(sites, sockets, started=started, stop=stop)

        try:
            trio.run(whole)
        except BaseException as error:  # noqa: BLE001 - shown by the test below
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    urls, token, stop = ready.get(timeout=SECONDS)
    try:
        yield [int(url.split(":")[2].split("/")[0]) for url in urls]
    finally:
        trio.from_thread.run_sync(stop.set, trio_token=token)
        thread.join(SECONDS)
    assert not thread.is_alive(), "the server did not stop"
    assert failed == []


def _report(ready: "queue.Queue[Started]", token: Any, stop: trio.Event, urls: Any) -> None:
    ready.put((urls, token, stop))


def ask(
    port: int, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send one request; give status, headers in lower case, body."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        client.request(method, path, body, headers)  # type: ignore[arg-type]
        answer = client.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        client.close()


def raw(port: int, *sent: bytes) -> bytes:
    """Send bytes as they are; give all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as plug:
        for part in sent:
            plug.sendall(part)
        return b"".join(iter(partial(plug.recv, 65_536), b""))


def read_until(plug: socket.socket, wanted: bytes) -> bytes:
    """Read until some bytes have come; give all that came."""
    got = b""
    while wanted not in got:
        piece = plug.recv(65_536)
        assert piece, f"the server closed after {got!r}"
        got += piece
    return got
