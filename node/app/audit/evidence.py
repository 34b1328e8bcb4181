"""The parts of an audit side by side: what the ledger says, and whose disk has what.

A manifest is believed only if its bytes have the hash that the ledger names; who holds a share now
follows from it and from the ledger's orders, as custodians themselves work it out.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from node.app.audit.findings import Counts, Report
from node.app.audit.ledger_facts import Filing, LedgerFacts, Moment, Seated
from node.app.audit.source import AuditSource, Shelf
from node.base.errors import PeerError, UnavailableError
from node.base.types import Address, Cid
from node.ipfs_lite.cid import multihash_of, to_text
from node.ipfs_lite.errors import NotFoundError
from node.ipfs_lite.unixfs_read import read_all
from node.privacy.consent import Domain
from node.privacy.erasure import ErasureCertificate
from node.privacy.release_errors import BadCertificateError, ReleaseFormatError
from node.sss.commitments import Manifest
from node.sss.errors import ShareFormatError
from node.sss.shares import CONTAINER_HEAD_BYTES, Kind, decode_head

ORDER_BLOCKS_MAX: Final = 10
"""How many blocks after a custodian's final block its orders and receipts take (§9)."""
_SHA2_256: Final = b"\x12\x20"
_MANIFEST_BYTES_MAX: Final = 64 * 2**10
"""Above what 254 custodians take."""


@dataclass(frozen=True, slots=True)
class Deal:
    """One generation of a filing, whose manifest could be read."""

    filing: Filing
    generation: int
    cid: Cid
    raw: bytes
    manifest: Manifest
    deal_id: bytes
    ended: Moment | None
    """The block that ordered it away: erased, or shared anew."""
    holders: tuple[Address, ...]
    """Who holds index 1 .. N now."""
    seats: tuple[Seated, ...]
    """Every change of a holder that counts, in order."""

    @property
    def ever(self) -> tuple[tuple[int, Address], ...]:
        """Every (index, account) that ever was to hold a share."""
        dealt = enumerate(self.manifest.custodians, start=1)
        return tuple(dict.fromkeys((*dealt, *((one.index, one.new) for one in self.seats))))

    def last_change(self, index: int) -> Moment | None:
        """Give when a share was last handed over or repaired by order, None if never."""
        return next((one.at for one in reversed(self.seats) if one.index == index), None)


@dataclass(frozen=True, slots=True)
class Piece:
    """The first block of a fragment, wherever it lies."""

    shelf: Shelf
    index: int
    multihash: bytes


class Evidence:
    """All that the rules judge, and the report that they write."""

    def __init__(self, source: AuditSource, chain_id: int, facts: LedgerFacts) -> None:
        self.facts = facts
        self.report = Report()
        self._times = [time_s for _, time_s in facts.hashes.values()]
        self.masters: Mapping[Address, bytes] = source.masters
        self.chain_id = chain_id
        self.devices = Domain(chain_id, source.contracts.devices.address)
        """Where signatures of devices count."""
        self.lag_blocks = source.lag_blocks + ORDER_BLOCKS_MAX
        """From the block that a custodian acts upon to the one in which it is done."""
        self.shelves: Sequence[Shelf] = source.shelves
        self.at: dict[Address, list[Shelf]] = defaultdict(list)
        for shelf in self.shelves:
            self.at[shelf.address].append(shelf)
        self.bad: dict[str, list[bytes]] = {}
        """Names of blocks by node under which other bytes lie."""
        self._good: dict[bytes, bytes] = {}
        """One good copy of each block that anybody has."""
        self.pieces: dict[bytes, list[Piece]] = defaultdict(list)
        """Fragments by deal."""
        for shelf in self.shelves:
            self._look_through(shelf)
        self._in_custody: dict[bytes, bytes] = {}
        """Manifests that custodians keep with their shares, by what they would be named."""
        for shelf in self.shelves:
            self._look_into_custody(shelf)
        self.deals: dict[bytes, Deal] = {}
        """All whose manifest was found, by id."""
        self.unreadable: list[tuple[Filing, int, str]] = []
        """Filing, generation and why, of each manifest that was not."""
        for filing in facts.filings.values():
            self._read_filing(filing)
        self.certificates: dict[tuple[bytes, str], ErasureCertificate] = {}
        """Those that their custodians signed, by deal and node."""
        self.false_certificates: list[tuple[str, str]] = []
        """Node, and what is wrong."""
        self.gone: dict[bytes, tuple[int, ...]] = {}
        """Of deals whose manifest went with an erasure: the PMR-IDs that it can have been of."""
        self._read_certificates()

    def name_of(self, deal_id: bytes) -> str:
        """Give the record of a deal."""
        deal = self.deals.get(deal_id)
        if deal is not None:
            return deal.filing.name
        gone = self.gone.get(deal_id, ())
        if gone:
            return f"{' or '.join(f'PMR {one}' for one in gone)} (erased)"
        return f"deal 0x{deal_id.hex()[:16]}"

    @property
    def counts(self) -> Counts:
        """What was looked at so far."""
        return self.report.counts

    def is_due(self, moment: Moment) -> bool:
        """Say whether what a block ordered must be done by now."""
        return moment.number + self.lag_blocks < self.facts.head.number

    def first_block_at(self, time_s: int) -> int | None:
        """Give the first block that is not before a time; None: the chain ends before it."""
        at = bisect_left(self._times, time_s)
        return None if at == len(self._times) else at

    def current(self) -> Iterator[Deal]:
        """Give the deals that stand: the newest of each filing that is not erased."""
        return (deal for deal in self.deals.values() if deal.ended is None)

    def block(self, cid: Cid) -> bytes:
        """Give the verified bytes of a block that some node has.  raises NotFoundError."""
        data = self._good.get(multihash_of(cid))
        if data is None:
            raise NotFoundError(to_text(cid))
        return data

    def file_at(self, shelf: Shelf, cid: Cid) -> bytes:
        """Give a file of one node.

        raises        NotFoundError: a block of it is missing there, or is not what it is named.
                      BadNodeError, BadUnixFsError, ReadBudgetError: it is no file.
        """

        def get(one: Cid) -> bytes:
            name = multihash_of(one)
            data = shelf.blocks.stored(name)
            if data is None or self._good.get(name) != data:
                raise NotFoundError(to_text(one))
            return data

        return read_all(get, cid)

    def names(self, account: Address) -> str:
        """Give the nodes of an account."""
        found = self.at.get(account)
        return " and ".join(one.name for one in found) if found else f"0x{account.hex()}"

    # -- inside

    def _look_through(self, shelf: Shelf) -> None:
        bad: list[bytes] = []
        for name in shelf.blocks.multihashes():
            data = shelf.blocks.stored(name)
            if data is None:
                continue
            if self._good.get(name) != data:
                if name != _SHA2_256 + sha256(data).digest():
                    bad.append(name)
                    continue
                self._good[name] = data
            if data[:4] == b"WSS1":
                self._note_piece(shelf, name, data)
        if bad:
            self.bad[shelf.name] = bad

    def _read_certificates(self) -> None:
        """Read certificates; each names the final block that ordered the erasure, so which one."""
        for shelf in self.shelves:
            for raw in shelf.custody.certificates():
                try:
                    one = ErasureCertificate.decode(raw)
                    one.check(shelf.address)
                except (ReleaseFormatError, BadCertificateError) as error:
                    self.false_certificates.append((shelf.name, str(error)))
                    continue
                self.certificates[one.deal_id, shelf.name] = one
        ordered: dict[bytes, int] = {}
        for (deal_id, _), one in self.certificates.items():
            if deal_id not in self.deals:
                ordered[deal_id] = min(one.head_number, ordered.get(deal_id, one.head_number))
        for deal_id, number in ordered.items():
            before = [one.number for one in self.facts.erased.values() if one.number <= number]
            self.gone[deal_id] = tuple(
                pmr_id
                for pmr_id, at in self.facts.erased.items()
                if before and at.number == max(before)
            )

    def _look_into_custody(self, shelf: Shelf) -> None:
        for deal_id in shelf.custody.deals():
            holding = shelf.custody.holding(deal_id)
            if holding is not None:
                name = _SHA2_256 + sha256(holding.manifest).digest()
                self._in_custody.setdefault(name, holding.manifest)

    def _note_piece(self, shelf: Shelf, name: bytes, data: bytes) -> None:
        total = int.from_bytes(data[80:88]) + 120  # of the container, of which this may be a part
        try:
            head = decode_head(data[:CONTAINER_HEAD_BYTES], total)
        except ShareFormatError:
            return
        if head.kind is Kind.FRAGMENT:
            self.pieces[head.deal_id].append(Piece(shelf, head.index, name))

    def _read_filing(self, filing: Filing) -> None:
        for number, (_, cid) in enumerate(filing.generations):
            is_newest = number + 1 == len(filing.generations)
            ended = filing.erased if is_newest else filing.generations[number + 1][0]
            if cid is None:
                self.unreadable.append((filing, number, "its name is no CID of a store"))
                continue
            raw = self._manifest_bytes(filing, number, cid)
            if raw is None:
                continue
            try:
                manifest = Manifest.decode(raw)
            except ShareFormatError as error:
                self.unreadable.append((filing, number, f"is none: {error}"))
                continue
            deal_id = manifest.header.deal_id()
            holders, seats = self._holders(filing.pmr_id, deal_id, manifest)
            deal = Deal(filing, number, cid, raw, manifest, deal_id, ended, holders, seats)
            if deal_id in self.deals:
                other = self.deals[deal_id].filing.name
                self.report.find(filing.name, "redundant", f"names the same deal as {other}")
                continue
            self.deals[deal_id] = deal

    def _manifest_bytes(self, filing: Filing, number: int, cid: Cid) -> bytes | None:
        """Give a manifest of some store, else of some custody: shares are judged all the same."""
        try:
            return read_all(self.block, cid, bytes_max=_MANIFEST_BYTES_MAX)
        except (PeerError, UnavailableError) as error:
            what = "in no store" if isinstance(error, NotFoundError) else str(error)
        self.unreadable.append((filing, number, what))
        return self._in_custody.get(multihash_of(cid))

    def _holders(
        self, pmr_id: int, deal_id: bytes, manifest: Manifest
    ) -> tuple[tuple[Address, ...], tuple[Seated, ...]]:
        """Follow the orders about a deal; one that began with another holder counts for nothing."""
        seats: dict[int, tuple[Address, Address]] = {}
        counting: list[Seated] = []
        for one in self.facts.seats.get((pmr_id, deal_id), ()):
            was = seats.get(one.index)
            original = was[1] if was is not None and was[0] == one.old else one.old
            seats[one.index] = one.new, original
            is_index = 0 < one.index <= len(manifest.custodians)
            if is_index and original == manifest.address_of(one.index):
                counting.append(one)
        holders = tuple(
            seats[x][0] if x in seats and seats[x][1] == dealt else dealt
            for x, dealt in enumerate(manifest.custodians, start=1)
        )
        return holders, tuple(counting)
