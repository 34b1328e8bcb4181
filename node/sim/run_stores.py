"""What the nodes of a run kept, in its folder: block stores and custody, for an audit to read.

``nodes/<name>/store.car`` is a CARv1 of all blocks as they lie, sorted by multihash, under names of
the raw codec: a store knows no other.  ``nodes/<name>/custody.msgpack`` has the node's address,
deals with manifests and shares, (grant, deal) of what is lent, receipts and certificates.

Shares lie there in clear, as in the memory of the node, and they may: a deal of a simulation is
marked as one in its header, all its secrets follow from the scenario and the seed in the same
folder, and a production node refuses it.  A deal without the mark is not written
(``SimulatedSecretError``).  No private key, essential share, step or entrusted share is written:
no rule of the audit reads one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from node.base.codec import pack, unpack
from node.base.errors import CodecError, PeerError
from node.base.limits import BLOCK_BYTES_MAX
from node.base.types import Address, Cid
from node.ipfs_lite.blocks import Block
from node.ipfs_lite.car_write import write_car
from node.ipfs_lite.cid import decode_uvarint
from node.ipfs_lite.memory_store import MemoryStore as MemoryBlocks
from node.privacy.custody_store import CustodyStore, Holding
from node.privacy.release_messages import Receipt
from node.sim.disks import Disk
from node.sim.run_folder import Content
from node.sss.commitments import Manifest
from node.sss.terms import Profile, check_profile

NODES: Final = "nodes"
STORE: Final = "store.car"
CUSTODY: Final = "custody.msgpack"
STORE_FILES: Final = f"{NODES}/*/*"
"""Glob of what nodes of a run kept."""
CUSTODY_FILE_BYTES_MAX: Final = 512 * 2**20
"""100,000 deals of 254 custodians do not fit, the same of 9 do ten times."""
_RAW: Final = b"\x01\x55"
_CID_BYTES: Final = 36


def store_files(disks: Mapping[str, Disk], addresses: Mapping[str, Address]) -> dict[str, Content]:
    """Give the files of all nodes: name in the folder, content.

    raises        SimulatedSecretError, while it is written: a deal that is none of a simulation.
    """
    files: dict[str, Content] = {}
    for name, disk in disks.items():
        files[f"{NODES}/{name}/{STORE}"] = write_store(_blocks(disk.blocks))
        files[f"{NODES}/{name}/{CUSTODY}"] = _custody(addresses[name], disk.custody)
    return files


def _blocks(store: MemoryBlocks) -> Iterator[tuple[bytes, bytes]]:
    for multihash in store.multihashes():
        data = store.stored(multihash)
        if data is not None:
            yield multihash, data


def _custody(address: Address, store: CustodyStore) -> Iterator[bytes]:
    """Give the file of one custody in one piece, made when it is written."""
    held: dict[bytes, Holding] = {}
    for deal_id in store.deals():
        holding = store.holding(deal_id)
        if holding is not None:
            check_profile(Manifest.decode(holding.manifest).header, Profile.SIMULATION)
            held[deal_id] = holding
    yield write_custody(
        KeptCustody(address, held, store.deposits(), store.certificates(), store.receipts())
    )


@dataclass(frozen=True, slots=True)
class KeptBlocks:
    """A block store as a run left it: ``Blocks`` of an audit."""

    rows: Mapping[bytes, bytes]

    def stored(self, multihash: bytes) -> bytes | None:
        """Give the bytes under a name."""
        return self.rows.get(multihash)

    def multihashes(self) -> Iterator[bytes]:
        """Give every name in ascending order."""
        return iter(sorted(self.rows))


@dataclass(frozen=True, slots=True, repr=False)
class KeptCustody:
    """A custody as a run left it: ``Custody`` of an audit."""

    address: Address
    held: Mapping[bytes, Holding]
    lent: tuple[tuple[bytes, bytes], ...]
    signed: tuple[bytes, ...]
    chain: tuple[Receipt, ...]

    def deals(self) -> tuple[bytes, ...]:
        """Give the id of every deal."""
        return tuple(sorted(self.held))

    def holding(self, deal_id: bytes) -> Holding | None:
        """Give a deal."""
        return self.held.get(deal_id)

    def deposits(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give (grant_id, deal_id) of what is lent."""
        return self.lent

    def certificates(self) -> tuple[bytes, ...]:
        """Give every certificate of erasure."""
        return self.signed

    def receipts(self) -> tuple[Receipt, ...]:
        """Give the chain of receipts."""
        return self.chain


def read_store(raw: bytes) -> tuple[KeptBlocks, str | None]:
    """Read a store's file without believing a block; give also what is wrong with the file.

    A block whose bytes have another hash than its name comes as it lies: the audit names it.
    """
    rows: dict[bytes, bytes] = {}
    try:
        length, at = decode_uvarint(raw, 0)
        at += length
        while at < len(raw):
            length, at = decode_uvarint(raw, at)
            if not _CID_BYTES <= length <= BLOCK_BYTES_MAX + _CID_BYTES or at + length > len(raw):
                raise CodecError("store", f"a section of {length} bytes before byte {at}")
            cid = raw[at : at + _CID_BYTES]
            if cid[:4] != _RAW + b"\x12\x20":
                raise CodecError("store", f"no name of a raw block at byte {at}")
            rows[cid[2:]] = raw[at + _CID_BYTES : at + length]
            at += length
    except PeerError as error:
        return KeptBlocks(rows), str(error)
    return KeptBlocks(rows), None


def read_custody(raw: bytes) -> KeptCustody:
    """Read a custody's file.  raises CodecError, ReleaseFormatError: it is none."""
    read: Any = unpack(raw, bytes_max=CUSTODY_FILE_BYTES_MAX)
    try:
        return KeptCustody(
            Address(_octets(read["address"])),
            {
                _octets(deal_id): Holding(_octets(manifest), _octets(share))
                for deal_id, manifest, share in read["deals"]
            },
            tuple((_octets(grant), _octets(deal)) for grant, deal in read["deposits"]),
            tuple(map(_octets, read["certificates"])),
            tuple(Receipt.decode(_octets(one)) for one in read["receipts"]),
        )
    except (TypeError, KeyError, ValueError) as error:
        raise CodecError("custody", f"{type(error).__name__}: {error}") from error


def write_custody(custody: KeptCustody) -> bytes:
    """Give the file that ``read_custody`` reads."""
    return pack(
        {
            "address": custody.address,
            "certificates": custody.signed,
            "deals": [
                (deal_id, one.manifest, one.share) for deal_id, one in sorted(custody.held.items())
            ],
            "deposits": custody.lent,
            "receipts": [one.encode() for one in custody.chain],
        }
    )


def write_store(rows: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Give the file that ``read_store`` reads, of bytes by multihash."""
    return write_car((), (Block(Cid(_RAW + name), data) for name, data in rows))


def _octets(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"wants bytes, got {type(value).__name__}")
    return value
