"""Parameters of calls: known, of their kind, given once."""

import pytest

from node.base.limits import RPC_ARGUMENTS_COUNT_MAX
from node.ipfs_lite.errors import HttpRefusedError
from node.ipfs_lite.rpc_params import Kind, Params, read_params

TAKES = {
    "only-hash": Kind.FLAG,
    "offset": Kind.NUMBER,
    "name": Kind.TEXT,
    "type": ("all", "direct"),
}


def read(*query: tuple[str, str], arguments: tuple[int, int] = (0, 0)) -> Params:
    """Read parameters of the call above."""
    return read_params(query, TAKES, arguments)


@pytest.mark.parametrize(
    ("text", "value"),
    [("", True), ("true", True), ("1", True), ("T", True), ("false", False), ("0", False)],
)
def test_flags_are_read_as_go_reads_them(text: str, value: bool) -> None:
    assert read(("only-hash", text)).flags == {"only-hash": value}


def test_each_kind_has_its_place() -> None:
    params = read(
        ("offset", "12"), ("name", "x y"), ("type", "all"), ("arg", "a"), arguments=(1, 1)
    )
    assert params == Params(("a",), {}, {"offset": 12}, {"name": "x y", "type": "all"})


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (("only-hsah", "true"), "unknown parameter 'only-hsah', did you mean 'only-hash'?"),
        (("zzz", ""), "unknown parameter 'zzz'; known: enc, encoding, name, offline, offset"),
        (("only-hash", "yes"), "the parameter 'only-hash' is 'yes', wants true or false"),
        (("offset", "-1"), "the parameter 'offset' is '-1', wants a number of bytes"),
        (("offset", ""), "the parameter 'offset' is '', wants a number of bytes"),
        (("offset", "٣"), "the parameter 'offset' is '٣', wants a number of bytes"),
        (("offset", "9" * 20), "wants a number of bytes"),
        (("type", "some"), "the parameter 'type' is 'some', wants 'all' or 'direct'"),
        (("encoding", "xml"), "the parameter 'encoding' is 'xml', wants 'json'"),
        (("arg", "x"), "unknown parameter 'arg'"),
    ],
)
def test_a_wrong_one_is_refused_with_what_would_be_right(
    query: tuple[str, str], sentence: str
) -> None:
    with pytest.raises(HttpRefusedError) as caught:
        read(query)
    assert sentence in str(caught.value)


def test_a_parameter_comes_once() -> None:
    with pytest.raises(HttpRefusedError, match="'name' is given twice"):
        read(("name", "a"), ("name", "a"))


@pytest.mark.parametrize(("count", "sentence"), [(0, "wants 1 to 2"), (3, "got 3")])
def test_arguments_are_counted(count: int, sentence: str) -> None:
    with pytest.raises(HttpRefusedError, match=sentence):
        read(*[("arg", "x")] * count, arguments=(1, 2))


def test_no_call_takes_more_arguments_than_the_limit() -> None:
    most = RPC_ARGUMENTS_COUNT_MAX
    assert len(read(*[("arg", "x")] * most, arguments=(0, most)).arguments) == most
    with pytest.raises(HttpRefusedError, match=f"got {most + 1}"):
        read(*[("arg", "x")] * (most + 1), arguments=(0, 10**6))


def test_what_clients_always_send_is_known() -> None:
    read(("stream-channels", "true"), ("encoding", "json"), ("timeout", "60000ms"))
