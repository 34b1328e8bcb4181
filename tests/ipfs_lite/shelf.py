"""Blocks made by hand, whatever they claim: what a strict reader must not believe."""

from node.ipfs_lite import dagpb
from node.ipfs_lite.cid import DAG_PB, encode_uvarint, make_cid
from node.ipfs_lite.dagpb import Link, Node


class Shelf(dict):
    """Blocks by CID, and a record of which were read."""

    def __init__(self):
        super().__init__()
        self.read = []

    def get_block(self, cid):
        self.read.append(cid)
        return self[cid]

    def add(self, block, codec=DAG_PB):
        cid = make_cid(block, codec)
        self[cid] = block
        return cid

    def leaf(self, data):
        return self.add(data, 0x55)

    def node(self, links, data):
        return self.add(dagpb.encode(Node(tuple(links), data)))

    def file(self, children, sizes, filesize=None, own=b"", kind=2):
        """A node with whatever it claims: nothing is computed for it."""
        data = b"\x08" + bytes((kind,))
        data += b"\x12" + encode_uvarint(len(own)) + own if own else b""
        total = sum(sizes) + len(own) if filesize is None else filesize
        data += b"\x18" + encode_uvarint(total)
        data += b"".join(b"\x20" + encode_uvarint(size) for size in sizes)
        return self.node([Link(child, "", 0) for child in children], data)
