"""Calldata, results, logs and reverts of the contracts, as pure functions on bytes.

Bindings write down each function, event and custom error as a line of text: those in ``bindings/``
are generated from the compiled artifacts, and a test compares all others with them.
Addresses are 20 bytes here, never hex.
Source: Contract ABI Specification of Solidity 0.8.28.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, Self, TypeVar

from eth_abi.codec import ABICodec
from eth_abi.decoding import AddressDecoder
from eth_abi.encoding import AddressEncoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import BaseEquals
from eth_abi.registry import registry as default_registry

from node.base.keccak import keccak256
from node.base.keys import SIGNATURE_BYTES
from node.base.types import Address, Hash32
from node.contracts.abi_words import decode_words, encode_words
from node.contracts.errors import AbiDataError, CallArgumentError

T = TypeVar("T")

SELECTOR_BYTES: Final = 4
_WORD: Final = 32


class _RawAddressDecoder(AddressDecoder):
    """Gives the 20 bytes where eth-abi gives hex."""

    decoder_fn = staticmethod(bytes)  # type: ignore[assignment] # bytes instead of hex is the point


def _codec() -> ABICodec:
    registry = default_registry.copy()  # type: ignore[no-untyped-call] # eth-abi leaves it untyped
    registry.unregister("address")
    is_address = BaseEquals("address", with_sub=False)  # type: ignore[no-untyped-call] # the same
    registry.register(is_address, AddressEncoder, _RawAddressDecoder, label="address")
    return ABICodec(registry)


_CODEC: Final = _codec()


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """A read-only call: send ``data`` to ``to`` and give the return data to ``decode``."""

    to: Address
    data: bytes
    decode: Callable[[bytes], T]


@dataclass(frozen=True)
class Function:
    """One contract function: its canonical signature and the types that it returns."""

    signature: str
    """``name(type,type)``, tuples written out: the text whose hash is the selector."""
    outputs: tuple[str, ...] = ()

    @cached_property
    def name(self) -> str:
        """The name in front of the bracket."""
        return self.signature.partition("(")[0]

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The types of the arguments."""
        return split_types(self.signature[len(self.name) + 1 : -1])

    @cached_property
    def selector(self) -> bytes:
        """The first four bytes of calldata."""
        return selector(self.signature)

    def encode(self, *args: object) -> bytes:
        """Give calldata.

        raises        CallArgumentError: a value does not fit its type.
        """
        return self.selector + encode_values(self.name, self.inputs, args)

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """Give the values of return data.

        raises        AbiDataError: the data has another shape.
        """
        return decode_values(self.name, self.outputs, data)

    def view(self, to: Address, decode: Callable[..., T], *args: object) -> View[T]:
        """Give the read-only call whose results, one argument each, ``decode`` makes a value."""
        return View(to, self.encode(*args), lambda data: decode(*self.decode(data)))


@dataclass(frozen=True)
class EventSpec:
    """One event: ``Name(type indexed field,type field)``, as Solidity declares it."""

    declaration: str

    @cached_property
    def name(self) -> str:
        """The name in front of the bracket."""
        return self.declaration.partition("(")[0]

    @cached_property
    def fields(self) -> tuple[tuple[str, str, bool], ...]:
        """(name, type, is_indexed) in declared order."""
        words = [part.split() for part in split_types(self.declaration[len(self.name) + 1 : -1])]
        return tuple((each[-1], each[0], "indexed" in each[1:-1]) for each in words)

    @cached_property
    def topic(self) -> Hash32:
        """The first topic of the event's logs."""
        types = ",".join(kind for _, kind, _ in self.fields)
        return keccak256(f"{self.name}({types})".encode())

    def decode(self, topics: Sequence[bytes], data: bytes) -> tuple[Any, ...]:
        """Give the values in declared order.

        raises        AbiDataError: another event, or topics and data of another shape.
        """
        if not topics or topics[0] != self.topic:
            raise AbiDataError("abi", f"the log is no {self.name}")
        indexed = tuple(kind for _, kind, is_indexed in self.fields if is_indexed)
        if len(topics) != 1 + len(indexed) or any(len(topic) != _WORD for topic in topics):
            raise AbiDataError("abi", f"{self.name} has {len(indexed)} indexed fields of 32 bytes")
        from_topics = iter(decode_values(self.name, indexed, b"".join(topics[1:])))
        plain = tuple(kind for _, kind, is_indexed in self.fields if not is_indexed)
        from_data = iter(decode_values(self.name, plain, data))
        return tuple(
            next(from_topics) if is_indexed else next(from_data) for _, _, is_indexed in self.fields
        )


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """Root of the typed events: the fields of a subclass are those of its ``SPEC``, in order."""

    SPEC: ClassVar[EventSpec]

    @classmethod
    def decode(cls, topics: Sequence[bytes], data: bytes) -> Self:
        """Read a log of this event.

        raises        AbiDataError: another event, or topics and data of another shape.
        """
        return cls(*cls.SPEC.decode(topics, data))


def one_value(value: Any) -> Any:  # noqa: ANN401 - typed where it is used
    """Give the only result of a view."""
    return value


def all_values(*values: Any) -> Any:  # noqa: ANN401 - typed where it is used
    """Give the results of a view in their order."""
    return values


def selector(signature: str) -> bytes:
    """Give the first four bytes of the hash of a function's or custom error's signature."""
    return bytes(keccak256(signature.encode())[:SELECTOR_BYTES])


def split_types(text: str) -> tuple[str, ...]:
    """Split at the commas that stand outside every bracket."""
    parts: list[str] = []
    depth = 0
    start = 0
    for position, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return (*parts, text[start:]) if text else ()


def encode_values(where: str, types: Sequence[str], values: Sequence[object]) -> bytes:
    """ABI-encode values; ``where`` names the function in the error.

    raises        CallArgumentError: the count or a value does not fit.
    """
    if len(types) != len(values):
        raise CallArgumentError(where, f"takes {len(types)} arguments, got {len(values)}")
    words = encode_words(types, values)
    if words is not None:
        return words
    try:
        return _CODEC.encode(types, values)
    except (EncodingError, TypeError, ValueError, OverflowError) as error:
        raise CallArgumentError(where, str(error)) from error


def encode_signature(signature: bytes) -> tuple[bytes, bytes, int]:
    """Give (r, s, v) as contracts take them, v 27 or 28, of 65 bytes with v 0/1 or 27/28.

    raises        CallArgumentError: not 65 bytes.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise CallArgumentError("signature", f"wants {SIGNATURE_BYTES} bytes, got {len(signature)}")
    v = signature[64]
    return signature[:32], signature[32:64], v + 27 if v < 2 else v


def decode_values(where: str, types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """ABI-decode data; ``where`` names the function or event in the error.

    raises        AbiDataError: too short, bad padding, bad pointer, or no UTF-8 in a string.
    """
    found = decode_words(types, data)
    if found is not None:
        return found
    try:
        return _CODEC.decode(types, data)
    except (DecodingError, UnicodeDecodeError, OverflowError) as error:
        raise AbiDataError("abi", f"{where}: {error}") from error
