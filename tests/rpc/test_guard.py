"""The head of a request: hosts, origins, tokens, lengths (rpc-and-ux.md, section 7)."""

import pytest

from node.base.errors import ConfigError
from node.base.limits import HTTP_HEADERS_BYTES_MAX, HTTP_TARGET_BYTES_MAX
from node.rpc.guard import Guard, parse_token, plain

TOKEN = b"0123456789abcdef-secret"


OPEN = Guard()


def status(guard: Guard = OPEN, target: bytes = b"/", **headers: str) -> int | None:
    """Give the status of the refusal, None for a request that passes."""
    refusal = guard.refusal(target, {"host": "localhost", **headers})
    return None if refusal is None else refusal.status


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:5001", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:5001"],
)
def test_loopback_hosts_pass(host: str) -> None:
    assert status(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        *("", "localhost.", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("127.0.0.1:x", "[::1", "10.0.0.1", "localhost:123456", "localhost:80:80", "127.0.0.1, a"),
        *("localhost\n", "localhost:٤٢"),
    ],
)
def test_other_hosts_are_refused(host: str) -> None:
    assert status(host=host) == 403


def test_a_request_without_host_is_refused() -> None:
    refusal = Guard().refusal(b"/", {})
    assert refusal is not None
    assert refusal.status == 403


@pytest.mark.parametrize("host", ["10.0.0.1", "10.0.0.1:8080", "[fe80::1]:8080", "ward.example"])
def test_an_exposed_server_has_its_addresses_and_configured_names(host: str) -> None:
    assert status(Guard(frozenset({"ward.example"}), is_exposed=True), host=host) is None


@pytest.mark.parametrize("host", ["evil.example", "10.0.0", "10.0.0.1.evil.example", "[fe80::x]"])
def test_an_exposed_server_refuses_names_that_nobody_configured(host: str) -> None:
    assert status(Guard(is_exposed=True), host=host) == 403


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:5001", None),
        ("HTTP://LOCALHOST:5001", None),
        ("chrome-extension://abcdef", None),
        ("moz-extension://abcdef", None),
        ("http://localhost:3000", 403),
        ("https://localhost:5001", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_foreign_origins_are_refused(origin: str, expected: int | None) -> None:
    assert status(host="localhost:5001", origin=origin) == expected


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (f"Bearer {TOKEN.decode()}", None),
        (f"bearer  {TOKEN.decode()} ", None),
        ("", 401),
        ("Bearer", 401),
        (f"Basic {TOKEN.decode()}", 401),
        (f"Bearer {TOKEN.decode()}x", 401),
        (f"Bearer {TOKEN.decode()[:-1]}", 401),
        ("Bearer ü", 401),
    ],
)
def test_the_operator_token_opens(authorization: str, expected: int | None) -> None:
    assert status(Guard(token=TOKEN), authorization=authorization) == expected


def test_a_refusal_for_want_of_a_token_names_the_scheme() -> None:
    refusal = Guard(token=TOKEN).refusal(b"/", {"host": "localhost"})
    assert refusal is not None
    assert dict(refusal.headers)["WWW-Authenticate"].startswith("Bearer")


def test_a_long_target_is_refused() -> None:
    assert status(target=b"/" * HTTP_TARGET_BYTES_MAX) is None
    assert status(target=b"/" * (HTTP_TARGET_BYTES_MAX + 1)) == 414


def test_long_headers_are_refused() -> None:
    assert status(accept="x" * HTTP_HEADERS_BYTES_MAX) == 431


def test_a_plain_answer_has_its_length() -> None:
    answer = plain(404, "nothing here")
    assert b"".join(answer.body) == b"nothing here\n"
    assert dict(answer.headers)["Content-Length"] == "13"


def test_a_token_file_has_one_word() -> None:
    assert parse_token(TOKEN + b"\n", "token") == TOKEN


@pytest.mark.parametrize(
    "text", [b"", b"short", b"two words of some length", b"x" * 257, b"\xff" * 20]
)
def test_a_token_file_with_something_else_is_refused(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^token: wants"):
        parse_token(text, "token")
