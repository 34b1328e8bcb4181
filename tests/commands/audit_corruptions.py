"""Corruptions of a run folder, each with the rule and the record that an audit must name.

They work on any folder: what to spoil is looked for in it.  Copy the folder, call one of
``CORRUPTIONS`` with a ``Victim`` of the copy, audit the copy.
"""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from node.app.audit.evidence import Deal, Evidence
from node.app.audit.ledger_reading import read_ledger
from node.app.audit.run import judge
from node.app.audit.source import Shelf
from node.base.block import Block
from node.evm.chain_file import split_items
from node.ipfs_lite.cid import multihash_of
from node.privacy.custody_store import Holding
from node.privacy.release_messages import Head, Receipt, Status
from node.sim.audit_folder import RunFolder
from node.sim.cast import secrets_of
from node.sim.run_stores import (
    CUSTODY,
    NODES,
    STORE,
    KeptCustody,
    read_custody,
    read_store,
    write_custody,
    write_store,
)
from node.sss.gf256 import add
from node.sss.shares import Container, Kind, container_of, decode_container


class Planted(NamedTuple):
    """What an audit has to say."""

    rule: str
    record: str
    """With which the record of the finding begins."""


@dataclass(frozen=True)
class Victim:
    """A run folder to spoil, and what is known of it while it is whole."""

    folder: Path

    @cached_property
    def source(self) -> RunFolder:
        return RunFolder(self.folder, executes=False)

    @cached_property
    def evidence(self) -> Evidence:
        ledger = self.source.ledger()
        assert ledger is not None
        return Evidence(self.source, ledger.chain_id, read_ledger(ledger, self.source.contracts))

    def deals(self) -> list[Deal]:
        """Give the deals that stand, the newest last."""
        return list(self.evidence.current())

    def shelf(self, deal: Deal, index: int) -> Shelf:
        """Give who holds a share."""
        return self.evidence.at[deal.holders[index - 1]][0]

    def head(self, number: int) -> Head:
        """Give a block of the chain as a receipt names it."""
        block_hash, time_s = self.evidence.facts.hashes[number]
        return Head(number, block_hash, time_s)

    # -- files

    def blocks(self, name: str) -> dict[bytes, bytes]:
        kept, fault = read_store((self.folder / NODES / name / STORE).read_bytes())
        assert fault is None
        return dict(kept.rows)

    def put_blocks(self, name: str, rows: dict[bytes, bytes]) -> None:
        path = self.folder / NODES / name / STORE
        path.write_bytes(b"".join(write_store(sorted(rows.items()))))

    def custody(self, name: str) -> KeptCustody:
        return read_custody((self.folder / NODES / name / CUSTODY).read_bytes())

    def put_custody(self, name: str, custody: KeptCustody) -> None:
        (self.folder / NODES / name / CUSTODY).write_bytes(write_custody(custody))

    def hold(self, name: str, deal_id: bytes, holding: Holding | None) -> None:
        """Put a holding into a custody, or take it out."""
        custody = self.custody(name)
        held = {one: kept for one, kept in custody.held.items() if one != deal_id}
        if holding is not None:
            held[deal_id] = holding
        self.put_custody(name, replace(custody, held=held))

    def sign(self, name: str, **changed: object) -> Receipt:
        """Append a receipt to a custody, signed by its custodian as if it had been given."""
        custody = self.custody(name)
        last = custody.chain[-1]
        receipt = replace(
            last, sequence=last.sequence + 1, previous=last.receipt_id(), **changed
        ).signed(secrets_of(self.source.scenario.run.seed, name).signer)
        self.put_custody(name, replace(custody, chain=(*custody.chain, receipt)))
        return receipt

    @cached_property
    def chain(self) -> Path:
        """The file of the longest chain."""
        ledger = self.source.ledger()
        assert ledger is not None
        return self.folder / "chains" / f"{ledger.head_hash.hex()}.rlp.gz"


def flip_a_fragment_bit(victim: Victim) -> Planted:
    """One bit of a fragment turns over on the disk of its custodian."""
    deal = victim.deals()[-1]
    name, key = victim.shelf(deal, 1).name, multihash_of(deal.manifest.fragments[0].cid)
    rows = victim.blocks(name)
    rows[key] = rows[key][:100] + bytes((rows[key][100] ^ 1,)) + rows[key][101:]
    victim.put_blocks(name, rows)
    return Planted("fragment", deal.filing.name)


def lose_a_manifest(victim: Victim) -> Planted:
    """A manifest is gone from every store."""
    deal = victim.deals()[-1]
    for shelf in victim.evidence.shelves:
        rows = victim.blocks(shelf.name)
        rows.pop(multihash_of(deal.cid), None)
        victim.put_blocks(shelf.name, rows)
    return Planted("manifest", deal.filing.name)


def lose_a_share(victim: Victim) -> Planted:
    """A custodian holds a share no longer."""
    deal = victim.deals()[0]
    victim.hold(victim.shelf(deal, 1).name, deal.deal_id, None)
    return Planted("share", deal.filing.name)


def alter_a_share(victim: Victim) -> Planted:
    """A share has another payload, under a digest that fits it."""
    deal = victim.deals()[-1]
    name = victim.shelf(deal, 2).name
    one = _share(victim, name, deal)
    other = replace(one, payload=add(one.payload, b"\x01" + bytes(31)))
    victim.hold(name, deal.deal_id, Holding(deal.raw, other.encode()))
    return Planted("share", deal.filing.name)


def roll_a_share_back(victim: Victim) -> Planted:
    """A custodian has put a share of an earlier epoch back, from a copy."""
    moved = [
        (deal, index)
        for deal in victim.deals()
        for index, holder in enumerate(deal.holders, start=1)
        if (deal.deal_id, holder) in victim.evidence.facts.epochs
    ]
    deal, index = moved[0]
    name = victim.shelf(deal, index).name
    older = replace(_share(victim, name, deal), epoch=0)
    victim.hold(name, deal.deal_id, Holding(deal.raw, older.encode()))
    return Planted("share", deal.filing.name)


def stray_fragment(victim: Victim) -> Planted:
    """A hospital keeps a fragment that it may not read."""
    deal, shelf = _stranger(victim)
    entry = deal.manifest.fragments[0]
    rows = victim.blocks(shelf.name)
    key = multihash_of(entry.cid)
    rows[key] = victim.blocks(victim.shelf(deal, 1).name)[key]
    victim.put_blocks(shelf.name, rows)
    return Planted("fragment", deal.filing.name)


def stray_share(victim: Victim) -> Planted:
    """A hospital holds a share and is no custodian of the record."""
    deal, shelf = _stranger(victim)
    share = _share(victim, victim.shelf(deal, 1).name, deal)
    victim.hold(shelf.name, deal.deal_id, Holding(deal.raw, share.encode()))
    return Planted("share", deal.filing.name)


def release_without_a_grant(victim: Victim) -> Planted:
    """A custodian released a share under a grant that nobody gave."""
    shelf, receipt, deal = _released(victim)
    grant_id = sha256(b"nobody's").digest()
    victim.sign(
        shelf.name,
        deal_id=deal.deal_id,
        grant_id=grant_id,
        index=receipt.index,
        status=Status.RELEASED,
        head=receipt.head,
    )
    return Planted("release", f"{deal.filing.name}, receipt")


def release_after_the_end(victim: Victim) -> Planted:
    """A custodian released a share under a grant that was over."""
    facts = victim.evidence.facts
    for shelf, receipt, deal in _releases(victim):
        line = facts.grants.get(receipt.grant_id)
        end = None if line is None else victim.evidence.first_block_at(line.event.valid_until)
        if line is not None and line.revoked is not None:
            end = line.revoked.number
        if end is not None and deal.ended is None:
            victim.sign(
                shelf.name,
                deal_id=deal.deal_id,
                grant_id=receipt.grant_id,
                index=receipt.index,
                status=Status.RELEASED,
                head=victim.head(end),
            )
            return Planted("window", f"{deal.filing.name}, receipt")
    raise AssertionError("the run has no grant that ended and was used")


def receipt_that_was_never_posted(victim: Victim) -> Planted:
    """A custodian signed a refusal and never told the ledger."""
    shelf, _, deal = _released(victim)
    victim.sign(shelf.name, deal_id=deal.deal_id, status=Status.RATE_LIMIT, sealed_hash=bytes(32))
    return Planted("receipt", f"{deal.filing.name}, receipt {_next(victim, shelf) - 1}")


def receipt_that_is_gone(victim: Victim) -> Planted:
    """A custodian has lost the newest receipt that stands on the ledger."""
    shelf, _, _ = _released(victim)
    custody = victim.custody(shelf.name)
    last = custody.chain[-1]
    victim.put_custody(shelf.name, replace(custody, chain=custody.chain[:-1]))
    return Planted("receipt", f"{victim.evidence.name_of(last.deal_id)}, receipt {last.sequence}")


def receipt_that_was_changed(victim: Victim) -> Planted:
    """A custodian calls a release a refusal, behind its own signature."""
    shelf, receipt, deal = _released(victim)
    custody = victim.custody(shelf.name)
    chain = list(custody.chain)
    changed = replace(receipt, status=Status.EXPIRED, sealed_hash=bytes(32))
    chain[receipt.sequence] = changed
    victim.put_custody(shelf.name, replace(custody, chain=tuple(chain)))
    return Planted("receipt", f"{deal.filing.name}, receipt {receipt.sequence}")


def deposit_that_stayed(victim: Victim) -> Planted:
    """A custodian keeps what was lent under a grant that is over."""
    for shelf, receipt, deal in _releases(victim):
        line = victim.evidence.facts.grants.get(receipt.grant_id)
        if line is not None and line.revoked is not None:
            custody = victim.custody(shelf.name)
            lent = tuple(sorted((*custody.lent, (receipt.grant_id, deal.deal_id))))
            victim.put_custody(shelf.name, replace(custody, lent=lent))
            return Planted("deposit", deal.filing.name)
    raise AssertionError("the run has no revoked grant that was used")


def erased_and_still_there(victim: Victim) -> Planted:
    """A custodian certified that a share is destroyed, and holds one."""
    (deal_id, custodian), _ = next(iter(victim.evidence.facts.certified.items()))
    shelf = victim.evidence.at[custodian][0]
    model = victim.deals()[0]
    header = model.manifest.header
    share = replace(container_of(header, Kind.CUSTODIAN, 1, bytes(32), bytes(32)), deal_id=deal_id)
    victim.hold(shelf.name, deal_id, Holding(model.raw, share.encode()))
    return Planted("erasure", victim.evidence.name_of(deal_id))


def certificate_that_is_gone(victim: Victim) -> Planted:
    """A custodian recorded a certificate of erasure that it cannot show."""
    (deal_id, custodian), _ = next(iter(victim.evidence.facts.certified.items()))
    shelf = victim.evidence.at[custodian][0]
    custody = victim.custody(shelf.name)
    signed = tuple(one for one in custody.signed if deal_id not in one)
    victim.put_custody(shelf.name, replace(custody, signed=signed))
    return Planted("erasure", victim.evidence.name_of(deal_id))


def flip_a_chain_byte(victim: Victim) -> Planted:
    """One bit of a transaction turns over in the chain's file."""
    items = _blocks(victim)
    largest = max(range(len(items)), key=lambda at: len(items[at]))
    raw = bytearray(items[largest])
    raw[len(raw) // 2] ^= 1
    items[largest] = bytes(raw)
    _put_blocks(victim, items)
    return Planted("chain", f"chains/{victim.chain.name}")


def cut_the_chain(victim: Victim) -> Planted:
    """The newest block is missing in the chain's file."""
    _put_blocks(victim, _blocks(victim)[:-1])
    return Planted("chain", f"chains/{victim.chain.name}")


def flip_a_seal_bit(victim: Victim) -> None:
    """One bit of a commit seal turns over, which the hash of a BFT header leaves out."""
    items = _blocks(victim)
    block = Block.decode(items[-1])
    extra = bytearray(block.header.extra_data)
    extra[-20] ^= 1
    header = replace(block.header, extra_data=bytes(extra))
    items[-1] = replace(block, header=header).encode()
    _put_blocks(victim, items)


CORRUPTIONS: tuple[Callable[[Victim], Planted], ...] = (
    flip_a_fragment_bit,
    lose_a_manifest,
    lose_a_share,
    alter_a_share,
    roll_a_share_back,
    stray_fragment,
    stray_share,
    release_without_a_grant,
    release_after_the_end,
    receipt_that_was_never_posted,
    receipt_that_is_gone,
    receipt_that_was_changed,
    deposit_that_stayed,
    erased_and_still_there,
    certificate_that_is_gone,
    flip_a_chain_byte,
    cut_the_chain,
)


def _blocks(victim: Victim) -> list[bytes]:
    with gzip.open(victim.chain) as source:
        return [one.raw for one in split_items(source)]


def _put_blocks(victim: Victim, items: list[bytes]) -> None:
    victim.chain.write_bytes(gzip.compress(b"".join(items), mtime=0))


def _share(victim: Victim, name: str, deal: Deal) -> Container:
    return decode_container(victim.custody(name).held[deal.deal_id].share)


def _stranger(victim: Victim) -> tuple[Deal, Shelf]:
    """Give a deal and a hospital that has nothing to do with it: neither custodian nor reader."""
    facts = victim.evidence.facts
    for deal in victim.deals():
        patient = deal.filing.patient_id
        readers = {
            account
            for line in facts.grants.values()
            if facts.patients.get(line.event.patient) == patient
            for account in facts.operators_of(line.event.grantee)
        }
        home = facts.hospitals[facts.homes[patient]]
        insiders = {*(account for _, account in deal.ever), home, *readers}
        for shelf in victim.evidence.shelves:
            if shelf.address not in insiders:
                return deal, shelf
    raise AssertionError("everybody is custodian or reader of every record")


def _releases(victim: Victim) -> Iterator[tuple[Shelf, Receipt, Deal]]:
    for shelf in victim.evidence.shelves:
        for receipt in shelf.custody.receipts():
            deal = victim.evidence.deals.get(receipt.deal_id)
            if receipt.status is Status.RELEASED and deal is not None and any(receipt.grant_id):
                yield shelf, receipt, deal


def _released(victim: Victim) -> tuple[Shelf, Receipt, Deal]:
    return next(_releases(victim))


def _next(victim: Victim, shelf: Shelf) -> int:
    return len(victim.custody(shelf.name).chain)


def audited(folder: Path, *, executes: bool = False) -> list[tuple[str, str]]:
    """Audit a folder; give record and rule of each finding."""
    source = RunFolder(folder, executes=executes)
    ledger = source.ledger()
    found = list(source.findings())
    if ledger is not None:
        evidence = Evidence(source, ledger.chain_id, read_ledger(ledger, source.contracts))
        judge(evidence)
        found += evidence.report.findings
    return [(one.record, one.rule) for one in found]
