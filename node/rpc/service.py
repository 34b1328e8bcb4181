"""The shell around HTTP handlers: sockets, Hypercorn on trio, Starlette's routes, threads.

A handler is plain code (``Request -> Response``) that may block: it hashes, and its store writes
to a disk.  So it runs in a worker thread, one handler at a time over all sites, and the turn is
given back whenever a handler waits for the network: for the next piece of an upload, or for a
client to take what is ready.  The loop stays free, the store is used by one thread at a time, and
a slow client holds up nobody.
"""

import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from traceback import format_exception
from typing import Any, Final

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio import serve as serve_hypercorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from node.base.errors import ConfigError, WardnetError
from node.base.limits import (
    HTTP_IDLE_SECONDS_MAX,
    HTTP_PIECE_BYTES_MAX,
    HTTP_PIECES_COUNT_MAX,
    HTTP_UNREAD_BYTES_MAX,
    STORE_REQUESTS_ACTIVE_COUNT_MAX,
)
from node.ipfs_lite.http import Response
from node.rpc.errors import UploadBrokenError, UploadTooSlowError
from node.rpc.guard import Guard, plain
from node.rpc.mount import Site, headers_of, request_of, target_of, url_of

_log: Any = structlog.get_logger("node.rpc")
_STEP_SECONDS: Final = 0.05
"""About how long one handler keeps the turn while others wait."""
_DEAD_PEER_MILLISECONDS: Final = 20_000
"""Hypercorn sends under a shield, so only the kernel can end a send to a client that is gone."""
_GRACE_SECONDS: Final = 2
_DRAIN_SECONDS: Final = 1


def run(sites: Sequence[Site], started: Callable[[tuple[str, ...]], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``started`` gets the URL of each site once all listen.

    raises        ConfigError: an address that cannot be listened on.
    """
    trio.run(_run_until_signal, sites, listen(sites), started)


async def _run_until_signal(
    sites: Sequence[Site],
    sockets: Sequence[socket.socket],
    started: Callable[[tuple[str, ...]], None],
) -> None:
    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(serve, sites, sockets, started=started, stop=stop))
            async for _ in signals:
                break
            stop.set()


def listen(sites: Sequence[Site]) -> list[socket.socket]:
    """Open the addresses of all sites, or none of them.  raises ConfigError."""
    sockets: list[socket.socket] = []
    try:
        sockets.extend(_listen(site.host, site.port) for site in sites)
    except ConfigError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


async def serve(
    sites: Sequence[Site],
    sockets: Sequence[socket.socket],
    *,
    started: Callable[[tuple[str, ...]], None],
    stop: trio.Event,
) -> None:
    """Serve until ``stop`` is set, then let running answers end within _GRACE_SECONDS.

    ``sockets``   what ``listen`` gave for these sites; they are closed in the end.
    """
    urls = tuple(url_of(bound.getsockname()) for bound in sockets)
    turns = _Turns()
    async with trio.open_nursery() as nursery:
        for bound, site in zip(sockets, sites, strict=True):
            app = Starlette(routes=[Mount(site.prefix, app=_SiteApp(site, turns))])
            app.router.redirect_slashes = False
            guarded: Any = partial(_guarded, site.guard, app)
            work = partial(
                serve_hypercorn, guarded, _config(bound), shutdown_trigger=stop.wait, mode="asgi"
            )
            await nursery.start(work)
        started(urls)


def _config(bound: socket.socket) -> Config:
    config = Config()
    config.bind = [f"fd://{bound.detach()}"]
    config.accesslog = None
    config.loglevel = "WARNING"
    config.include_server_header = False
    config.graceful_timeout = _GRACE_SECONDS
    config.keep_alive_timeout = 120
    config.keep_alive_max_requests = 100_000
    return config


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted sockets inherit it
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_PEER_MILLISECONDS)
        opened.bind((host, port))
        opened.setblocking(False)  # noqa: FBT003 - the name of the standard library
    except OSError as error:
        opened.close()
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return opened


async def _guarded(
    guard: Guard, app: Starlette, scope: Scope, receive: Receive, send: Send
) -> None:
    """Judge a request before any route sees it."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    if scope["type"] == "http":
        scope["wardnet.headers"] = headers = headers_of(scope)
        refusal = guard.refusal(target_of(scope), headers)
        if scope["http_version"] not in ("1.0", "1.1"):
            # only these end a connection visibly when an answer is broken off
            refusal = plain(505, "this server speaks HTTP/1.1")
        if refusal is not None:
            await _drain(receive)
            await _send_ready(refusal, send)
            return
    await app(scope, receive, send)


@dataclass(slots=True)
class _Turns:
    """What all sites of a server share."""

    turn: trio.Semaphore = field(default_factory=partial(trio.Semaphore, 1, max_value=1))
    threads: trio.CapacityLimiter = field(
        default_factory=partial(trio.CapacityLimiter, STORE_REQUESTS_ACTIVE_COUNT_MAX)
    )
    active: int = 0


class _SiteApp:
    """One handler as an ASGI application."""

    def __init__(self, site: Site, turns: _Turns) -> None:
        self._handle = site.handle
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        turns = self._turns
        if turns.active >= STORE_REQUESTS_ACTIVE_COUNT_MAX:
            await _drain(receive)
            await _send_ready(
                plain(429, "too many requests at once", (("Retry-After", "1"),)), send
            )
            return
        turns.active += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            turns.active -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        upload = _Upload(receive, self._turns.turn)
        request = request_of(scope, scope["wardnet.headers"], upload.pieces())
        try:
            response = await self._step(self._handle, request)
        except Exception as error:  # noqa: BLE001 - an answer for whatever went wrong
            response = _internal_error(error) if upload.error is None else plain(408, "")
        if isinstance(upload.error, UploadTooSlowError):  # whatever the handler made of it
            response = plain(408, str(upload.error))
        try:
            await self._send(response, scope["method"], upload, send)
        finally:
            close = getattr(response.body, "close", None)
            if close is not None:
                with trio.CancelScope(shield=True):  # a store's guards are given back here
                    await self._step(close)

    async def _send(self, response: Response, method: str, upload: "_Upload", send: Send) -> None:
        receive = upload.receive
        if isinstance(upload.error, UploadBrokenError):
            return  # nobody is there to be answered
        if not upload.is_over and not await _drain(receive):
            return
        if isinstance(response.body, tuple) or method == "HEAD":
            await _send_ready(response, send)
            return
        is_whole = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch, receive, nursery.cancel_scope)
            is_whole = await self._stream(response, send)
            nursery.cancel_scope.cancel()
        if is_whole:
            # without this message Hypercorn closes the connection and sends no final chunk, so
            # that the client of a broken answer knows that what came is not the whole; it is sent
            # out here because it makes Hypercorn say that the client is gone
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream(self, response: Response, send: Send) -> bool:
        """Send an answer that is made while it is sent; say whether it was made to its end."""
        pieces = iter(response.body)
        await _send_head(response, send)
        while True:
            made = await self._step(_make, pieces)
            for piece in made.pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if made.error is not None:
                _log.warning("http.answer_broken_off", error=str(made.error))
                return False
            if made.is_over:
                return True

    async def _step(self, work: Callable[..., Any], *values: Any) -> Any:  # noqa: ANN401
        async with self._turns.turn:
            return await trio.to_thread.run_sync(work, *values, limiter=self._turns.threads)


@dataclass(frozen=True, slots=True)
class _Made:
    """What one step of a streamed answer gave."""

    pieces: tuple[bytes, ...]
    is_over: bool
    error: WardnetError | None = None


def _make(pieces: Iterator[bytes]) -> _Made:
    """Take pieces for a while; runs in a thread."""
    made: list[bytes] = []
    size = 0
    until = time.monotonic() + _STEP_SECONDS
    try:
        for piece in pieces:
            made.append(piece)
            size += len(piece)
            if (
                size >= HTTP_PIECE_BYTES_MAX
                or len(made) == HTTP_PIECES_COUNT_MAX
                or time.monotonic() > until
            ):
                return _Made(tuple(made), is_over=False)
    except WardnetError as error:
        return _Made(tuple(made), is_over=True, error=error)
    return _Made(tuple(made), is_over=True)


class _Upload:
    """The body of one request, read by its handler's thread."""

    def __init__(self, receive: Receive, turn: trio.Semaphore) -> None:
        self.receive = receive
        self._turn = turn
        self.is_over = False
        self.error: UploadBrokenError | UploadTooSlowError | None = None
        """Why there was no next piece."""

    def pieces(self) -> Iterator[bytes]:
        """Give the body in pieces of about HTTP_PIECE_BYTES_MAX bytes; runs in a thread."""
        while not self.is_over:
            yield trio.from_thread.run(self._pull)

    async def _pull(self) -> bytes:
        """Wait for the next piece without holding the turn.

        raises        UploadBrokenError: the client went away.  UploadTooSlowError: it stalled.
        """
        self._turn.release()
        try:
            return await self._gather()
        except (UploadBrokenError, UploadTooSlowError) as error:
            self.error = error
            raise
        finally:
            with trio.CancelScope(shield=True):  # whoever lent the turn gets it back in any case
                await self._turn.acquire()

    async def _gather(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while size < HTTP_PIECE_BYTES_MAX and not self.is_over:
            message: Message | None = None
            with trio.move_on_after(HTTP_IDLE_SECONDS_MAX):
                message = await self.receive()
            if message is None:
                raise UploadTooSlowError(HTTP_IDLE_SECONDS_MAX)
            if message["type"] == "http.disconnect":
                raise UploadBrokenError
            part: bytes = message.get("body", b"")
            parts.append(part)
            size += len(part)
            self.is_over = not message.get("more_body", False)
        return b"".join(parts)


async def _drain(receive: Receive) -> bool:
    """Read what little is left of a body: closing over unread bytes would destroy the answer.

    Say whether the client is still there.
    """
    size = 0
    with trio.move_on_after(_DRAIN_SECONDS):
        while size <= HTTP_UNREAD_BYTES_MAX:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                break
    return True


async def _watch(receive: Callable[[], Awaitable[Any]], answer: trio.CancelScope) -> None:
    """End an answer whose client has gone."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            answer.cancel()
            return


async def _send_head(response: Response, send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})


async def _send_ready(response: Response, send: Send) -> None:
    """Send an answer whose body is there already; of a streamed one, only the head."""
    body: Iterable[bytes] = response.body if isinstance(response.body, tuple) else ()
    await _send_head(response, send)
    await send({"type": "http.response.body", "body": b"".join(body), "more_body": False})


def _internal_error(error: Exception) -> Response:
    _log.error("http.handler_failed", traceback="".join(format_exception(error)))
    return plain(500, "internal error")
