"""What no store offers: changing its bytes behind its back."""

from node.ipfs_lite.cid import multihash_of


def tamper(store, cid):
    """Flip one bit of a block in a MemoryStore."""
    row = store._rows[multihash_of(cid)]
    row.data = bytes((row.data[0] ^ 1,)) + row.data[1:]
