"""Requests of ASGI become plain ones."""

import pytest

from node.rpc.mount import headers_of, request_of, target_of, url_of

SCOPE = {
    "method": "GET",
    "raw_path": b"/ipfs/a%2Fb",
    "query_string": b"format=car&x&x=%C3%BC&y=a+b&z=%ff",
    "headers": [(b"Accept", b"a"), (b"host", b"localhost"), (b"accept", b"b")],
}


def test_repeated_headers_are_joined() -> None:
    assert headers_of(SCOPE) == {"accept": "a, b", "host": "localhost"}


def test_the_path_stays_as_it_was_sent() -> None:
    assert request_of(SCOPE, {}, ()).path == "/ipfs/a%2Fb"


def test_the_query_is_decoded_in_order() -> None:
    query = request_of(SCOPE, {}, ()).query
    assert query == (("format", "car"), ("x", ""), ("x", "ü"), ("y", "a b"), ("z", "\ufffd"))


@pytest.mark.parametrize(("query", "target"), [(b"", b"/ipfs/a%2Fb"), (b"a=1", b"/ipfs/a%2Fb?a=1")])
def test_the_target_is_path_and_query(query: bytes, target: bytes) -> None:
    assert target_of(SCOPE | {"query_string": query}) == target


@pytest.mark.parametrize(
    ("bound", "url"),
    [
        (("127.0.0.1", 80), "http://127.0.0.1:80"),
        (("::1", 5, 0, 0), "http://[::1]:5"),
    ],
)
def test_urls_can_be_pasted(bound: tuple[str, int], url: str) -> None:
    assert url_of(bound) == url
