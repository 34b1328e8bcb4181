"""Forms of answers, and which status an error has."""

import json
from collections.abc import Iterator

import pytest

from node.base.errors import ConfigError, WardnetError
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.errors import (
    BadCidError,
    CorruptBlockError,
    HttpRefusedError,
    NotFoundError,
)
from node.ipfs_lite.rpc_answers import (
    class_of,
    document,
    documents,
    failure,
    stream_bytes,
    streamed,
)
from node.ipfs_lite.rpc_params import Params
from tests.ipfs_lite.rpc_calls import Rpc


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HttpRefusedError(400, "x"), 400),
        (BadCidError("x"), 400),
        (ConfigError("x"), 400),
        (HttpRefusedError(413, "x"), 413),
        (NotFoundError("x"), 500),
        (CorruptBlockError("x"), 500),
    ],
)
def test_errors_have_kubos_form(error: WardnetError, status: int) -> None:
    answer = failure(error)
    assert answer.status == status
    body = b"".join(answer.body)
    message = error.what if isinstance(error, HttpRefusedError) else str(error)
    assert json.loads(body) == {"Message": message, "Code": 0, "Type": "error"}
    assert dict(answer.headers)["Content-Type"] == "application/json"


def test_documents_are_lines_and_say_their_length() -> None:
    answer = documents([{"a": 1}, {"b": "ü"}])
    body = b"".join(answer.body)
    assert body == b'{"a":1}\n{"b":"\\u00fc"}\n'
    assert dict(answer.headers)["Content-Length"] == str(len(body))
    assert b"".join(document({"a": 1}).body) == b'{"a":1}\n'


def test_an_error_before_the_first_line_is_raised_at_once() -> None:
    def failing() -> Iterator[dict[str, int]]:
        raise NotFoundError("x")
        yield {}

    with pytest.raises(NotFoundError):
        streamed(failing())


def test_a_stream_is_made_while_it_is_sent() -> None:
    made: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"x"

    body = iter(stream_bytes(pieces()).body)
    assert made == [0]
    assert [next(body), next(body)] == [b"x", b"x"]
    assert made == [0, 1]


def test_closing_a_stream_closes_where_it_comes_from() -> None:
    closed: list[bool] = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"x"
        finally:
            closed.append(True)

    body = stream_bytes(pieces()).body
    assert closed == []
    body.close()  # type: ignore[union-attr]
    assert closed == [True]


def test_an_empty_stream_is_an_empty_body() -> None:
    assert list(stream_bytes(iter(())).body) == []


def test_an_upload_names_its_class_or_the_server_has_one() -> None:
    sealed = Params(texts={"class": "sealed"})
    assert class_of(Rpc().backend, Params()) is BlockClass.PUBLIC
    assert class_of(Rpc().backend, sealed) is BlockClass.SEALED
    assert class_of(Rpc(None).backend, sealed) is BlockClass.SEALED
    with pytest.raises(HttpRefusedError, match=r"pass class=sealed .* or class=public"):
        class_of(Rpc(None).backend, Params())
