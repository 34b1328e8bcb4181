"""What remains of an erased block: a double hash, which refuses it and does not name it.

The form is that of IPIP-0383, so that the list can be given to others (content-store.md, 10).
"""

from hashlib import sha256

from node.ipfs_lite.cid import to_text


def double_hash(multihash: bytes) -> bytes:
    """Give the 32 bytes that stand for a block: sha2-256 over the text of its multihash."""
    return sha256(to_text(multihash).encode()).digest()  # a bare multihash is a CIDv0


def denylist_line(h2: bytes) -> str:
    """Give the line of a denylist for one tombstone (IPIP-0383, double hash)."""
    return "//" + to_text(b"\x12\x20" + h2)
