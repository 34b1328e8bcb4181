"""The HTTP shell on real loopback sockets: streams, turns, limits, stopping."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from node.base.errors import ConfigError, UnavailableError
from node.base.limits import STORE_REQUESTS_ACTIVE_COUNT_MAX
from node.ipfs_lite.http import Request, Response
from node.rpc import service
from node.rpc.guard import plain
from node.rpc.mount import Site
from tests.rpc.running import ask, raw, read_until, running, site

pytestmark = pytest.mark.net


def echo(request: Request) -> Response:
    """Give back what was understood of a request."""
    size = sum(len(piece) for piece in request.body)
    query = "&".join(f"{name}={value}" for name, value in request.query)
    return plain(200, f"{request.method} {request.path} {query} {size}")


def test_a_request_arrives_as_it_was_sent() -> None:
    with running(site(echo)) as [port]:
        status, headers, body = ask(port, "POST", "/t/a%2Fb?x=1&x=%C3%BC&flag", b"123")
    assert (status, body) == (200, "POST /t/a%2Fb x=1&x=ü&flag= 3\n".encode())
    assert "server" not in headers


def test_what_is_not_below_the_prefix_is_not_found() -> None:
    with running(site(echo)) as [port]:
        assert [ask(port, "GET", path)[0] for path in ("/", "/other", "/t2/x")] == [404, 404, 404]


def test_two_sites_have_addresses_of_their_own() -> None:
    with running(site(echo, "/a"), site(echo, "/b")) as [one, two]:
        assert ask(one, "GET", "/a/x")[0] == ask(two, "GET", "/b/x")[0] == 200
        assert ask(one, "GET", "/b/x")[0] == 404


def test_a_foreign_host_is_refused_before_any_handler() -> None:
    with running(site(lambda _request: pytest.fail("was asked"))) as [port]:
        assert ask(port, "GET", "/t/x", Host="evil.example")[0] == 403
        assert ask(port, "POST", "/t/x", b"x" * 100_000, Origin="https://evil.example")[0] == 403


def test_nothing_allows_other_origins() -> None:
    with running(site(echo)) as [port]:
        own = ask(port, "GET", "/t/x", Origin=f"http://127.0.0.1:{port}")
        assert own[0] == 200
        assert [name for name in own[1] if name.startswith("access-control")] == []
        assert ask(port, "OPTIONS", "/t/x", Origin="https://evil.example")[0] == 403


def streamed(*pieces: bytes, then: Exception | None = None) -> Iterator[bytes]:
    """Give pieces, then fail."""
    yield from pieces
    if then is not None:
        raise then


def test_a_streamed_answer_ends_with_the_final_chunk() -> None:
    with running(site(lambda _r: Response(200, (), streamed(b"one", b"two")))) as [port]:
        got = raw(port, b"GET /t/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"200" in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


def test_an_answer_that_breaks_has_no_final_chunk_and_no_second_request() -> None:
    error = UnavailableError()
    broken = site(lambda _r: Response(200, (), streamed(b"one", then=error)))
    with capture_logs() as logs, running(broken) as [port]:
        request = b"GET /t/x HTTP/1.1\r\nHost: localhost\r\n\r\n"
        got = raw(port, request)
    assert got.partition(b"\r\n\r\n")[2] == b"3\r\none\r\n"
    assert [log["event"] for log in logs] == ["http.answer_broken_off"]


def test_head_makes_no_body() -> None:
    def handle(_request: Request) -> Response:
        return Response(200, (("Content-Length", "7"),), streamed(then=UnavailableError()))

    with running(site(handle)) as [port]:
        status, headers, body = ask(port, "HEAD", "/t/x")
    assert (status, headers["content-length"], body) == (200, "7", b"")


def test_a_handler_that_fails_tells_the_client_nothing() -> None:
    def handle(_request: Request) -> Response:
        raise ValueError("canary-of-the-inside")

    with capture_logs() as logs, running(site(handle)) as [port]:
        status, _, body = ask(port, "GET", "/t/x")
        assert (status, body) == (500, b"internal error\n")
        assert ask(port, "GET", "/t/x")[0] == 500, "the server goes on"
    assert "canary-of-the-inside" in logs[0]["traceback"]


def test_a_large_upload_is_read_in_bounded_pieces() -> None:
    largest: list[int] = []

    def handle(request: Request) -> Response:
        largest.append(max(len(piece) for piece in request.body))
        return plain(200, "read")

    with running(site(handle)) as [port]:
        body = (bytes(65_536) for _ in range(512))
        assert ask(port, "POST", "/t/x", body)[0] == 200
    assert largest[0] < 2**20 + 2**17


def test_a_refusal_reaches_a_client_that_still_sends() -> None:
    with running(site(lambda _request: plain(400, "no"))) as [port]:
        assert ask(port, "POST", "/t/x", b"x" * 200_000)[::2] == (400, b"no\n")


def test_a_client_that_waits_holds_up_nobody() -> None:
    with running(site(echo)) as [port]:
        slow = socket.create_connection(("127.0.0.1", port), timeout=20)
        slow.sendall(b"POST /t/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n123")
        time.sleep(0.1)  # the handler has the turn and waits for seven bytes more
        assert ask(port, "GET", "/t/quick")[0] == 200
        slow.sendall(b"4567890")
        read_until(slow, b"POST /t/slow  10")
        slow.close()


def test_a_client_that_reads_nothing_holds_up_nobody() -> None:
    def handle(request: Request) -> Response:
        if request.path == "/t/much":
            return Response(200, (), (bytes(2**20) for _ in range(4_096)))
        return plain(200, "quick")

    with running(site(handle)) as [port]:
        slow = socket.create_connection(("127.0.0.1", port), timeout=20)
        slow.sendall(b"GET /t/much HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(0.2)
        assert ask(port, "GET", "/t/x")[2] == b"quick\n"
        slow.close()


def test_handlers_take_turns() -> None:
    inside: list[int] = []
    most: list[int] = []

    def handle(_request: Request) -> Response:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return plain(200, "done")

    with running(site(handle), site(handle)) as ports:
        threads = [
            threading.Thread(target=ask, args=(ports[n % 2], "GET", "/t/x")) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == [1] * 8


def test_what_is_too_much_at_once_is_asked_to_come_again() -> None:
    with running(site(echo)) as [port]:
        head = b"POST /t/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"
        plugs = [
            socket.create_connection(("127.0.0.1", port), timeout=20)
            for _ in range(STORE_REQUESTS_ACTIVE_COUNT_MAX)
        ]
        for plug in plugs:
            plug.sendall(head)
        time.sleep(0.3)
        status, headers, _ = ask(port, "GET", "/t/x")
        assert (status, headers["retry-after"]) == (429, "1")
        for plug in plugs:
            plug.sendall(b"x")
            assert b"200" in plug.recv(65_536)
            plug.close()
        assert ask(port, "GET", "/t/x")[0] == 200


def test_a_client_that_goes_away_stops_the_work_for_it() -> None:
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(65_536)
        finally:
            ended.set()

    with running(site(lambda _r: Response(200, (), endless()))) as [port]:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plug:
            plug.sendall(b"GET /t/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            read_until(plug, bytes(65_536))
        assert ended.wait(20)


def test_an_upload_that_breaks_ends_its_handler() -> None:
    ended = threading.Event()

    def handle(request: Request) -> Response:
        try:
            return echo(request)
        finally:
            ended.set()

    with running(site(handle)) as [port]:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plug:
            plug.sendall(b"POST /t/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n12")
        assert ended.wait(20)
        assert ask(port, "GET", "/t/x")[0] == 200


def test_an_upload_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "HTTP_IDLE_SECONDS_MAX", 0.2)
    monkeypatch.setattr(service, "_DRAIN_SECONDS", 0.2)
    with running(site(echo)) as [port]:
        got = raw(port, b"POST /t/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n12")
    assert got.startswith(b"HTTP/1.1 408")


def test_fifty_broken_clients_and_then_a_good_one() -> None:
    junk = [b"", b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST /t/x HTTP/1.1\r\n", b"\x16\x03\x01"]
    with running(site(echo)) as [port]:
        for number in range(50):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as plug:
                plug.sendall(junk[number % len(junk)])
        assert ask(port, "GET", "/t/x")[0] == 200


def http_2_request() -> bytes:
    """Give the settings of a client, and the headers of a GET for /t/x as stream 1."""
    block = b"\x82\x86\x04\x04/t/x\x01\x09localhost"  # literals without indexing and Huffman
    return bytes(3) + b"\x04\0\0\0\0\0" + len(block).to_bytes(3) + b"\x01\x05\0\0\0\x01" + block


def test_http_2_and_websockets_are_refused() -> None:
    upgrade = (
        b"GET /t/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with running(site(echo)) as [port]:
        assert raw(port, upgrade).startswith(b"HTTP/1.1 403")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plug:
            plug.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + http_2_request())
            read_until(plug, b"this server speaks HTTP/1.1")


def test_an_address_in_use_is_named() -> None:
    with running(site(echo)) as [port]:
        taken = Site("127.0.0.1", port, "/t", echo, site(echo).guard)
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {port}: "):
            service.listen((taken,))


def test_stopping_does_not_wait_for_an_idle_connection() -> None:
    with running(site(echo)) as [port]:
        idle = socket.create_connection(("127.0.0.1", port), timeout=20)
        idle.sendall(b"GET /t/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200")
        before = time.monotonic()
    assert time.monotonic() - before < 5
    idle.close()
