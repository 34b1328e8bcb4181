"""Custodians' shares: all there, in the recorded epoch, as the digests say, and nowhere else.

A share that was repaired has a new salt, so the digest of the manifest cannot tell: it has to lie
on the polynomial of those that can be told.
"""

from collections import defaultdict

from node.app.audit.evidence import Deal, Evidence
from node.app.audit.source import Shelf
from node.sss.errors import ShareFormatError
from node.sss.shamir import combine
from node.sss.shares import Container, Kind, decode_container


def check_shares(evidence: Evidence) -> dict[bytes, tuple[Container, ...]]:
    """Rule ``share``; give the shares that can be used, all of one epoch, by deal."""
    usable: dict[bytes, tuple[Container, ...]] = {}
    for deal in evidence.current():
        sound, unproven = _held(evidence, deal)
        proven = _proven(evidence, deal, sound, unproven)
        by_epoch: dict[int, list[Container]] = defaultdict(list)
        for one in proven:
            by_epoch[one.epoch].append(one)
        best = max(by_epoch.values(), key=lambda group: (len(group), group[0].epoch), default=[])
        needed = deal.manifest.header.needed
        if len(best) < needed:
            what = f"{len(best)} sound shares of one epoch, wants {needed}"
            evidence.report.find(deal.filing.name, "share", what)
        else:
            usable[deal.deal_id] = tuple(best)
    for shelf in evidence.shelves:
        _check_strays(evidence, shelf)
    return usable


def _held(evidence: Evidence, deal: Deal) -> tuple[list[Container], list[Container]]:
    """Give the shares that a digest proves, and those that none speaks of."""
    sound: list[Container] = []
    unproven: list[Container] = []
    name = deal.filing.name
    for index, holder in enumerate(deal.holders, start=1):
        handed = deal.last_change(index)
        where = f"share {index} at {evidence.names(holder)}"
        holdings = [shelf.custody.holding(deal.deal_id) for shelf in evidence.at.get(holder, ())]
        holding = next((one for one in holdings if one is not None), None)
        if holding is None:
            if handed is None or evidence.is_due(handed):
                evidence.report.find(name, "share", f"{where} is missing")
            continue
        evidence.counts.shares += 1
        if holding.manifest != deal.raw:
            evidence.report.find(name, "share", f"{where} lies under another manifest")
        try:
            one = decode_container(holding.share, deal.manifest.header)
        except ShareFormatError as error:
            evidence.report.find(name, "share", f"{where} is unreadable: {error}")
            continue
        if one.kind is not Kind.CUSTODIAN or one.index != index:
            what = f"{where} is of index {one.index} and kind {one.kind.name}"
            evidence.report.find(name, "share", what)
            continue
        fault, is_proven = _judged(evidence, deal, one)
        if fault is not None:
            evidence.report.find(name, "share", f"{where} {fault}")
        else:
            (sound if is_proven else unproven).append(one)
    return sound, unproven


def _judged(evidence: Evidence, deal: Deal, share: Container) -> tuple[str | None, bool]:
    """Hold a share against what its custodian recorded: a fault, or whether a digest proves it."""
    holder = deal.holders[share.index - 1]
    handed = deal.last_change(share.index)
    line = evidence.facts.epochs.get((deal.deal_id, holder))
    recorded = deal.manifest.epoch if line is None else line.epoch
    if share.epoch < recorded:
        return f"is of epoch {share.epoch}, {recorded} is recorded", False
    if share.epoch > recorded:
        return None, False
    if line is not None:
        digest, is_told = line.digest, handed is None or handed <= line.at
    else:
        digest, is_told = deal.manifest.digests[share.index], handed is None
    if not is_told or share.digest() == digest:
        return None, is_told
    return f"is another one than that of epoch {recorded}: its digest differs", False


def _proven(
    evidence: Evidence, deal: Deal, sound: list[Container], unproven: list[Container]
) -> list[Container]:
    """Let shares without a digest prove themselves by the others of their epoch."""
    needed = deal.manifest.header.needed
    proven = list(sound)
    for share in unproven:
        others = [one for one in (*sound, *unproven) if one.epoch == share.epoch and one != share]
        if len(others) < needed:
            what = f"share {share.index} is of epoch {share.epoch}, which too few others are in"
            evidence.report.find(deal.filing.name, "share", what)
            continue
        basis = {one.index: one.payload for one in others[:needed]}
        if combine(basis, at=share.index) != share.payload:
            what = f"share {share.index} does not fit the others of epoch {share.epoch}"
            evidence.report.find(deal.filing.name, "share", what)
            continue
        line = evidence.facts.epochs.get((deal.deal_id, deal.holders[share.index - 1]))
        if share.epoch > (deal.manifest.epoch if line is None else line.epoch):
            evidence.counts.epochs_on_their_way += 1
        proven.append(share)
    return proven


def _check_strays(evidence: Evidence, shelf: Shelf) -> None:
    """Find shares with those who are to have none; ended deals are of rule ``erasure``."""
    for deal_id in shelf.custody.deals():
        deal = evidence.deals.get(deal_id)
        if deal is None:
            evidence.counts.unfiled_deals += 1
            continue
        if deal.ended is not None or shelf.address in deal.holders:
            continue
        if any(account == shelf.address for _, account in deal.ever):
            evidence.counts.former_shares += 1
            continue
        what = f"{shelf.name} holds a share and is no custodian of it"
        evidence.report.find(deal.filing.name, "share", what)
