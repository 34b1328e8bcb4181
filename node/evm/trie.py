"""A Merkle-Patricia trie that hashes once per batch.

``set`` and ``delete`` copy a node the first time a batch meets it and change it in place after
that; ``commit`` encodes what was changed, once.  Committed nodes are never changed, so old roots
stay readable, a failed block is dropped by forgetting the object, and nodes of several chains are
shared (ledger.md section 5).  The package ``trie`` is the judge in the tests.
"""

from collections.abc import Sequence

from node.base.keccak import keccak256
from node.base.types import EMPTY_TRIE_ROOT, Hash32
from node.evm.trie_nodes import (
    EMPTY_REFERENCE,
    HASH_REFERENCE_BYTES,
    Branch,
    Child,
    Extension,
    Leaf,
    Node,
    NodeCache,
    decode_node,
    encode_branch,
    encode_node,
    nibbles_of,
)


class Trie:
    """The trie under one root; keys and values are bytes, values are not empty.

    Invariant: a child that is a node (not a reference) belongs to the running batch, and so do all
    of its ancestors.
    """

    def __init__(self, nodes: NodeCache, root: Hash32 = EMPTY_TRIE_ROOT) -> None:
        self._nodes = nodes
        self._owner = object()
        self._root_hash = root
        self._root: Node | None = None if root == EMPTY_TRIE_ROOT else nodes.load(root)

    def get(self, key: bytes) -> bytes | None:
        """Give the value of a key, or None."""
        path = nibbles_of(key)
        node = self._root
        at = 0
        while node is not None:
            if isinstance(node, Branch):
                if at == len(path):
                    return node.value
                child = node.children[path[at]]
                at += 1
                node = None if child is None else self._resolve(child)
            elif isinstance(node, Leaf):
                return node.value if node.path == path[at:] else None
            else:
                if not path.startswith(node.path, at):
                    return None
                at += len(node.path)
                node = self._resolve(node.child)
        return None

    def set(self, key: bytes, value: bytes) -> None:
        """Give a key a value; an empty one removes the key."""
        if not value:
            self.delete(key)
            return
        path = nibbles_of(key)
        if self._root is None:
            self._root = Leaf(self._owner, path, value)
        else:
            self._root = self._set(self._root, path, value)

    def delete(self, key: bytes) -> None:
        """Remove a key; nothing happens if it is absent."""
        if self._root is not None:
            self._root = self._delete(self._root, nibbles_of(key))

    def commit(self, out: dict[Hash32, bytes]) -> Hash32:
        """Hash what changed since the last commit, put the new nodes in ``out``, give the root."""
        root = self._root
        if root is None:
            self._root_hash = EMPTY_TRIE_ROOT
        elif root.owner is self._owner:
            reference = self._seal(root, out)
            if len(reference) == HASH_REFERENCE_BYTES:
                self._root_hash = Hash32(reference[1:])
            else:  # the root is hashed however short it is
                self._root_hash = keccak256(reference)
                out[self._root_hash] = reference
                self._nodes.keep(self._root_hash, root)
        self._owner = object()
        return self._root_hash

    def proof(self, key: bytes) -> list[bytes]:
        """Give the stored nodes from the root towards a key: a proof of its value or absence.

        Nodes under 32 bytes stand inside their parent.  The trie must be committed and stored.
        """
        assert self._root is None or self._root.owner is not self._owner, "commit first"
        if self._root is None:
            return []
        proof = [self._nodes.raw(self._root_hash)]
        path = nibbles_of(key)
        node: Node = self._root
        at = 0
        while True:
            child: Child | None
            if isinstance(node, Branch):
                child = node.children[path[at]] if at < len(path) else None
                at += 1
            elif isinstance(node, Extension) and path.startswith(node.path, at):
                child = node.child
                at += len(node.path)
            else:
                child = None
            if child is None:
                return proof
            assert isinstance(child, bytes)
            if len(child) == HASH_REFERENCE_BYTES:
                proof.append(self._nodes.raw(Hash32(child[1:])))
            node = self._resolve(child)

    def _resolve(self, child: Child) -> Node:
        if not isinstance(child, bytes):
            return child
        if len(child) == HASH_REFERENCE_BYTES:
            return self._nodes.load(Hash32(child[1:]))
        return decode_node(child)

    def _set(self, node: Node, path: bytes, value: bytes) -> Node:
        """Give the node with the value set; the very same object if nothing changes above it."""
        if isinstance(node, Branch):
            if not path:
                if node.value == value:
                    return node
                node = self._own_branch(node)
                node.value = value
                return node
            child = node.children[path[0]]
            new: Node
            if child is None:
                new = Leaf(self._owner, path[1:], value)
            else:
                old = self._resolve(child)
                new = self._set(old, path[1:], value)
                if new is old:
                    return node
            node = self._own_branch(node)
            node.children[path[0]] = new
            return node
        if isinstance(node, Leaf):
            if node.path == path:
                if node.value == value:
                    return node
                return self._leaf(node, value)
            shared = _shared(node.path, path)
            branch = Branch(self._owner, [None] * 16, None)
            self._hang(branch, node.path[shared:], node.value)
        else:
            if path.startswith(node.path):
                old = self._resolve(node.child)
                new = self._set(old, path[len(node.path) :], value)
                return node if new is old else self._extension(node, new)
            shared = _shared(node.path, path)
            branch = Branch(self._owner, [None] * 16, None)
            rest = node.path[shared:]
            branch.children[rest[0]] = (
                node.child if len(rest) == 1 else Extension(self._owner, rest[1:], node.child)
            )
        self._hang(branch, path[shared:], value)
        return Extension(self._owner, path[:shared], branch) if shared else branch

    def _hang(self, branch: Branch, path: bytes, value: bytes) -> None:
        if path:
            branch.children[path[0]] = Leaf(self._owner, path[1:], value)
        else:
            branch.value = value

    def _delete(self, node: Node, path: bytes) -> Node | None:
        """Give the node without the key; the very same object if nothing changes above it."""
        if isinstance(node, Leaf):
            return None if node.path == path else node
        if isinstance(node, Extension):
            if not path.startswith(node.path):
                return node
            old = self._resolve(node.child)
            new = self._delete(old, path[len(node.path) :])
            if new is old:
                return node
            assert new is not None, "a branch holds two entries, so one is left"
            return self._prepend(node.path, new, new)
        if not path:
            if node.value is None:
                return node
            node = self._own_branch(node)
            node.value = None
            return self._merge(node)
        child = node.children[path[0]]
        if child is None:
            return node
        old = self._resolve(child)
        new = self._delete(old, path[1:])
        if new is old:
            return node
        node = self._own_branch(node)
        node.children[path[0]] = new
        return self._merge(node) if new is None else node

    def _merge(self, branch: Branch) -> Node:
        """Give what stands for a branch that lost an entry: itself while it holds two."""
        left = [index for index, child in enumerate(branch.children) if child is not None]
        if branch.value is not None:
            return branch if left else Leaf(self._owner, b"", branch.value)
        if len(left) > 1:
            return branch
        child = branch.children[left[0]]
        assert child is not None
        return self._prepend(bytes(left), self._resolve(child), child)

    def _prepend(self, path: bytes, node: Node, child: Child) -> Node:
        """Put nibbles before a node; ``child`` is the node or the reference it came from."""
        if isinstance(node, Branch):
            return Extension(self._owner, path, child)
        if isinstance(node, Leaf):
            return Leaf(self._owner, path + node.path, node.value)
        return Extension(self._owner, path + node.path, node.child)

    def _own_branch(self, node: Branch) -> Branch:
        if node.owner is self._owner:
            return node
        return Branch(self._owner, node.children.copy(), node.value)

    def _leaf(self, node: Leaf, value: bytes) -> Leaf:
        if node.owner is not self._owner:
            return Leaf(self._owner, node.path, value)
        node.value = value
        return node

    def _extension(self, node: Extension, child: Node) -> Extension:
        if node.owner is not self._owner:
            return Extension(self._owner, node.path, child)
        node.child = child
        return node

    def _seal(self, node: Node, out: dict[Hash32, bytes]) -> bytes:
        """Encode a changed node after its changed children; give its reference."""
        if isinstance(node, Branch):
            raw = self._encode_branch(node, out)
        else:
            if isinstance(node, Extension) and not isinstance(node.child, bytes):
                node.child = self._seal(node.child, out)
            raw = encode_node(node)
        if len(raw) < 32:
            return raw
        key = keccak256(raw)
        out[key] = raw
        self._nodes.keep(key, node)
        return b"\xa0" + key

    def _encode_branch(self, node: Branch, out: dict[Hash32, bytes]) -> bytes:
        """Encode a branch, and seal its changed children on the way: one pass over them."""
        parts: list[bytes] = []
        children = node.children
        for index, child in enumerate(children):
            if child is None:
                parts.append(EMPTY_REFERENCE)
            elif isinstance(child, bytes):
                parts.append(child)
            else:
                reference = children[index] = self._seal(child, out)
                parts.append(reference)
        return encode_branch(parts, node.value)


def _shared(one: bytes, other: bytes) -> int:
    """Give how many nibbles two paths share."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count


def list_root(items: Sequence[bytes]) -> Hash32:
    """Give the root of a list: the trie with keys rlp(index)."""
    from_nowhere = NodeCache(lambda _key: None, len(items) + 1)
    trie = Trie(from_nowhere)
    for index, item in enumerate(items):
        trie.set(_list_key(index), item)
    return trie.commit({})


def _list_key(index: int) -> bytes:
    if index == 0:
        return b"\x80"
    if index < 0x80:
        return bytes((index,))
    number = index.to_bytes((index.bit_length() + 7) // 8)
    return bytes((0x80 + len(number),)) + number
