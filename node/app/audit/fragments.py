"""Fragments of ciphertext: with each custodian, unchanged, and with nobody who may not read them.

Who may have a copy besides is what the consent filter of a node says (app/access_desk.py): the
patient's home hospital, and the hospitals of those whom a standing grant, or an emergency that
runs, lets read.
"""

from collections import defaultdict

from node.app.audit.evidence import Deal, Evidence
from node.app.audit.ledger_facts import GrantLine
from node.base.errors import PeerError, UnavailableError
from node.base.types import Address
from node.sss.errors import ShareFormatError
from node.sss.shares import Kind, decode_container


def check_fragments(evidence: Evidence) -> dict[bytes, tuple[bytes, ...]]:
    """Rules ``fragment`` and ``store``; give the sound fragments by deal, in order of index."""
    sound: dict[bytes, tuple[bytes, ...]] = {}
    grants = _standing(evidence)
    for deal in evidence.current():
        found: list[bytes] = []
        for index in range(1, len(deal.holders) + 1):
            raw = _kept(evidence, deal, index)
            if raw is not None:
                found.append(raw)
        sound[deal.deal_id] = tuple(found)
        _check_strays(evidence, deal, grants)
    for name, bad in evidence.bad.items():
        for multihash in bad:
            what = f"block 0x{multihash.hex()[:16]} has other bytes than its name says"
            evidence.report.find(f"store of {name}", "store", what)
    return sound


def _kept(evidence: Evidence, deal: Deal, index: int) -> bytes | None:
    """Give a custodian's fragment if it is there and what the manifest lists."""
    holder, entry = deal.holders[index - 1], deal.manifest.fragments[index - 1]
    evidence.counts.fragments += 1
    why = "no node of the custodian is known"
    for shelf in evidence.at.get(holder, ()):
        try:
            raw = evidence.file_at(shelf, entry.cid)
            one = decode_container(raw, deal.manifest.header)
        except (UnavailableError, PeerError, ShareFormatError) as error:
            why = str(error)
            continue
        if one.kind is Kind.FRAGMENT and one.index == index and one.digest() == entry.digest:
            return raw
        why = "it is another one than the manifest lists"
    handed = deal.last_change(index)
    if handed is None or evidence.is_due(handed):
        what = f"fragment {index} at {evidence.names(holder)}: {why}"
        evidence.report.find(deal.filing.name, "fragment", what)
    return None


def _standing(evidence: Evidence) -> dict[int, list[GrantLine]]:
    """Give the grants that stand, and those that ended a moment ago, by Patient-ID."""
    facts = evidence.facts
    found: dict[int, list[GrantLine]] = defaultdict(list)
    for line in facts.grants.values():
        patient = facts.patients.get(line.event.patient)
        if patient is None or (line.revoked is not None and evidence.is_due(line.revoked)):
            continue
        if _runs(evidence, line.event.valid_until):
            found[patient].append(line)
    return found


def _runs(evidence: Evidence, until_s: int) -> bool:
    """Say whether a window is open, or was a moment ago.

    Who read at the last moment lets go as soon as the record is open.
    """
    end = evidence.first_block_at(until_s)
    return end is None or end + evidence.lag_blocks >= evidence.facts.head.number


def _check_strays(evidence: Evidence, deal: Deal, grants: dict[int, list[GrantLine]]) -> None:
    pieces = evidence.pieces.get(deal.deal_id, ())
    allowed: frozenset[Address] | None = None
    ever = frozenset(deal.ever)
    for piece in pieces:
        if (piece.index, piece.shelf.address) in ever:
            continue
        if allowed is None:
            allowed = _readers(evidence, deal, grants)
        if piece.shelf.address not in allowed:
            what = f"{piece.shelf.name} keeps fragment {piece.index} and may not"
            evidence.report.find(deal.filing.name, "fragment", what)


def _readers(
    evidence: Evidence, deal: Deal, grants: dict[int, list[GrantLine]]
) -> frozenset[Address]:
    """Give who may fetch fragments of a deal: home, and operators of those who may read."""
    facts, filing = evidence.facts, deal.filing
    home = facts.hospitals.get(facts.homes.get(filing.patient_id, 0))
    lines = (
        line
        for line in grants.get(filing.patient_id, ())
        if line.event.pmr_id in (0, filing.pmr_id)
    )
    readers = [line.event.grantee for line in lines]
    readers += [
        one.event.doctor
        for one in facts.emergencies.values()
        if one.event.patient_id == filing.patient_id and _runs(evidence, one.end_s)
    ]
    operators = (one for reader in readers for one in facts.operators_of(reader))
    return frozenset((*operators, *(() if home is None else (home,))))
