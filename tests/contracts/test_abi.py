import pytest
from eth_abi import encode as eth_encode
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.types import ZERO_ADDRESS, Address
from node.contracts.abi import (
    EventSpec,
    Function,
    decode_values,
    encode_values,
    selector,
    split_types,
)
from node.contracts.errors import AbiDataError, CallArgumentError

TRANSFER = Function("transfer(address,uint256)", ("bool",))
MOVED = EventSpec("Transfer(address indexed from,address indexed to,uint256 value,string note)")
ALICE = Address(b"\xaa" * 20)


def test_selector_is_the_published_one_of_erc20_transfer() -> None:
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"


def test_topic_is_the_published_one_of_erc20_transfer() -> None:
    spec = EventSpec("Transfer(address indexed from,address indexed to,uint256 value)")
    expected = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert spec.topic.hex() == expected


def test_calldata_is_selector_and_arguments() -> None:
    assert TRANSFER.encode(ALICE, 5) == bytes.fromhex("a9059cbb") + eth_encode(
        ["address", "uint256"], [ALICE, 5]
    )


def test_addresses_decode_to_bytes_at_every_depth() -> None:
    data = eth_encode(["address", "(uint8,address)", "address[]"], [ALICE, (1, ALICE), [ALICE]])
    types = ("address", "(uint8,address)", "address[]")
    assert decode_values("f", types, data) == (ALICE, (1, ALICE), (ALICE,))


@pytest.mark.parametrize("arguments", [(), (ALICE,), (ALICE, 1, 2)])
def test_wrong_count_of_arguments_is_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(CallArgumentError, match="takes 2 arguments"):
        TRANSFER.encode(*arguments)


@pytest.mark.parametrize("value", [-1, 2**256, "5", None, 1.5])
def test_value_that_does_not_fit_is_refused_with_the_function(value: object) -> None:
    with pytest.raises(CallArgumentError, match=r"^transfer: "):
        TRANSFER.encode(ALICE, value)


@pytest.mark.parametrize("address", [b"", b"\x01" * 19, b"\x01" * 21])
def test_address_of_another_length_is_refused(address: bytes) -> None:
    with pytest.raises(CallArgumentError, match=r"^transfer: "):
        TRANSFER.encode(address, 1)


def test_view_decodes_what_the_call_returns() -> None:
    view = TRANSFER.view(ALICE, bool, ALICE, 1)
    assert view.to == ALICE
    assert view.decode(encode_values("f", ("bool",), (True,))) is True


@pytest.mark.parametrize("data", [b"", b"\0" * 31, b"\0" * 31 + b"\x02"])
def test_bad_return_data_is_refused(data: bytes) -> None:
    with pytest.raises(AbiDataError, match="transfer"):
        TRANSFER.decode(data)


def test_string_that_is_no_utf8_is_refused() -> None:
    data = eth_encode(["bytes"], [b"\xff"])
    with pytest.raises(AbiDataError):
        decode_values("f", ("string",), data)


def _topics(*values: Address) -> list[bytes]:
    return [MOVED.topic, *(bytes(12) + value for value in values)]


def test_event_decodes_in_declared_order() -> None:
    data = eth_encode(["uint256", "string"], [5, "rent"])
    assert MOVED.decode(_topics(ALICE, ZERO_ADDRESS), data) == (ALICE, ZERO_ADDRESS, 5, "rent")


def test_log_of_another_event_is_refused() -> None:
    with pytest.raises(AbiDataError, match="no Transfer"):
        MOVED.decode([b"\x01" * 32], b"")


def test_log_without_topics_is_refused() -> None:
    with pytest.raises(AbiDataError, match="no Transfer"):
        MOVED.decode([], b"")


def test_log_with_a_topic_too_few_is_refused() -> None:
    with pytest.raises(AbiDataError, match="2 indexed"):
        MOVED.decode(_topics(ALICE), b"")


def test_log_with_a_short_topic_is_refused() -> None:
    with pytest.raises(AbiDataError, match="2 indexed"):
        MOVED.decode([MOVED.topic, b"\0" * 31, b"\0" * 32], b"")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("uint8", ("uint8",)),
        ("(uint8,bytes32),address", ("(uint8,bytes32)", "address")),
        ("((a,b),c)[],d", ("((a,b),c)[]", "d")),
    ],
)
def test_types_split_at_the_outer_commas(text: str, parts: tuple[str, ...]) -> None:
    assert split_types(text) == parts


@settings(deadline=None, max_examples=50)
@given(
    st.binary(min_size=20, max_size=20),
    st.integers(0, 2**256 - 1),
    st.text(),
    st.lists(st.binary(min_size=32, max_size=32)),
)
def test_values_come_back(address: bytes, number: int, text: str, words: list[bytes]) -> None:
    types = ("address", "uint256", "string", "bytes32[]")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return
    data = encode_values("f", types, (address, number, text, words))
    assert decode_values("f", types, data) == (address, number, text, tuple(words))
