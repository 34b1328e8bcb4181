"""The nodes of a Merkle-Patricia trie and their bytes (Yellow Paper, appendix D).

A child is None, a node of the running batch, or its *reference*: the bytes that stand for it inside
its parent, either 0xa0 and the hash (33 bytes), or the node's own RLP where that is under 32 bytes.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from node.base import rlp
from node.base.errors import CorruptStoreError
from node.base.types import Hash32
from node.evm.errors import MissingStateError

_TO_NIBBLES: Final = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))
_TO_DIGITS: Final = bytes.maketrans(bytes(range(16)), b"0123456789abcdef")
HASH_REFERENCE_BYTES: Final = 33
EMPTY_REFERENCE: Final = b"\x80"
"""Stands where a branch has no child, or no value."""


class Leaf:
    """The rest of a key, and its value."""

    __slots__ = ("owner", "path", "value")

    def __init__(self, owner: object, path: bytes, value: bytes) -> None:
        self.owner = owner
        self.path = path
        self.value = value


class Extension:
    """Nibbles that all keys below share; the child is always a branch."""

    __slots__ = ("child", "owner", "path")

    def __init__(self, owner: object, path: bytes, child: "Child") -> None:
        self.owner = owner
        self.path = path
        self.child = child


class Branch:
    """Sixteen ways on, and the value of the key that ends here."""

    __slots__ = ("children", "owner", "value")

    def __init__(self, owner: object, children: "list[Child | None]", value: bytes | None) -> None:
        self.owner = owner
        self.children = children
        self.value = value


Node: TypeAlias = Leaf | Extension | Branch
Child: TypeAlias = Leaf | Extension | Branch | bytes


def nibbles_of(key: bytes) -> bytes:
    """Give two bytes, each 0..15, for each byte of a key."""
    return key.hex().encode().translate(_TO_NIBBLES)


def pack_path(path: bytes, *, is_leaf: bool) -> bytes:
    """Give the hex-prefix encoding of nibbles."""
    flag = 2 if is_leaf else 0
    padded = bytes((flag + 1,)) + path if len(path) & 1 else bytes((flag, 0)) + path
    return bytes.fromhex(padded.translate(_TO_DIGITS).decode())


def encode_node(node: Node) -> bytes:
    """Give the RLP of a node whose children are all references."""
    if isinstance(node, Branch):
        parts = [EMPTY_REFERENCE if child is None else _reference(child) for child in node.children]
        return encode_branch(parts, node.value)
    if isinstance(node, Leaf):
        return _listed(rlp.encode(pack_path(node.path, is_leaf=True)) + rlp.encode(node.value))
    return _listed(rlp.encode(pack_path(node.path, is_leaf=False)) + _reference(node.child))


def encode_branch(references: list[bytes], value: bytes | None) -> bytes:
    """Give the RLP of a branch; ``references`` are its sixteen, the value is appended to them."""
    references.append(EMPTY_REFERENCE if value is None else rlp.encode(value))
    return _listed(b"".join(references))


def _listed(body: bytes) -> bytes:
    """Put the prefix of an RLP list before its items."""
    size = len(body)
    if size < 56:
        return bytes((0xC0 + size,)) + body
    if size < 0x100:
        return bytes((0xF8, size)) + body
    length = rlp.encode_int(size)
    return bytes((0xF7 + len(length),)) + length + body


def _reference(child: Child) -> bytes:
    assert isinstance(child, bytes), "children are sealed before their parent"
    return child


def decode_node(raw: bytes) -> Node:
    """Read a node; its children stay references.

    raises        ValueError: the bytes are no node.
    """
    items = _split(raw)
    if len(items) == 17:
        children: list[Child | None] = [None if item == b"\x80" else item for item in items[:16]]
        return Branch(None, children, _text(items[16]) or None)
    if len(items) != 2:
        raise ValueError(f"a node of {len(items)} items, wants 2 or 17")
    packed = _text(items[0])
    if not packed or packed[0] >= 0x40:
        raise ValueError("a path without a valid flag")
    path = nibbles_of(packed)[1 if packed[0] & 0x10 else 2 :]
    if packed[0] >= 0x20:
        return Leaf(None, path, _text(items[1]))
    return Extension(None, path, items[1])


def _split(raw: bytes) -> list[bytes]:
    """Give the items of an RLP list, each with its own prefix."""
    if not raw or raw[0] < 0xC0:
        raise ValueError("no list")
    at, end = _extent(raw, 0)
    if end != len(raw):
        raise ValueError("the length of the list is wrong")
    items: list[bytes] = []
    while at < end:
        first = raw[at]
        # the three forms that nearly every item of a node has, before the general one
        if first <= 0x80:
            stop = at + 1
        elif first <= 0xB7:
            stop = at + first - 0x7F
        else:
            stop = _extent(raw, at)[1]
        items.append(raw[at:stop])
        at = stop
    if at != end:
        raise ValueError("an item runs over the end")
    return items


def _extent(raw: bytes, at: int) -> tuple[int, int]:
    """Give where the payload of the item at ``at`` begins and ends."""
    first = raw[at]
    if first < 0x80:
        return at, at + 1
    short = first - (0xC0 if first >= 0xC0 else 0x80)
    if short <= 55:
        return at + 1, at + 1 + short
    begin = at + 1 + short - 55
    return begin, begin + int.from_bytes(raw[at + 1 : begin])


def _text(item: bytes) -> bytes:
    if item[0] >= 0xC0:
        raise ValueError("a list where a string belongs")
    begin, end = _extent(item, 0)
    return item[begin:end]


class NodeCache:
    """Decoded nodes by hash, shared by all tries of one store.

    Two generations of half the limit each: a node that is read moves to the young one, and when
    that is full the old one is dropped.  Nodes in here are never changed.
    """

    def __init__(self, read: Callable[[Hash32], bytes | None], nodes_max: int) -> None:
        self._read = read
        self._half = max(1, nodes_max // 2)
        self._young: dict[Hash32, Node] = {}
        self._old: dict[Hash32, Node] = {}

    def load(self, key: Hash32) -> Node:
        """Give the node with this hash.

        raises        MissingStateError: it is not stored; CorruptStoreError: it is no node.
        """
        node = self._young.get(key)
        if node is None:
            node = self._old.get(key)
            if node is None:
                node = self._decode(key)
            self.keep(key, node)
        return node

    def raw(self, key: Hash32) -> bytes:
        """Give the stored bytes of a node.

        raises        MissingStateError: it is not stored.
        """
        raw = self._read(key)
        if raw is None:
            raise MissingStateError(key)
        return raw

    def keep(self, key: Hash32, node: Node) -> None:
        """Remember a node that will not change any more."""
        if len(self._young) >= self._half:
            self._old = self._young
            self._young = {}
        self._young[key] = node

    def _decode(self, key: Hash32) -> Node:
        raw = self.raw(key)
        try:
            return decode_node(raw)
        except (ValueError, IndexError) as error:
            raise CorruptStoreError("state nodes", f"0x{key.hex()}", str(error)) from error
