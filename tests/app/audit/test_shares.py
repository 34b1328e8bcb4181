"""Shares: where a digest speaks it decides, where none does the others of the epoch do."""

from dataclasses import replace

from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import EpochLine, Moment, Seated
from node.app.audit.shares import check_shares
from node.app.audit.source import Shelf
from node.privacy.custody_store import Holding
from node.sim.run_stores import KeptCustody
from node.sss.gf256 import add
from node.sss.shares import Container, decode_container
from tests.sim.audited import evidence


def whats(one: Evidence) -> list[str]:
    check_shares(one)
    assert {found.rule for found in one.report.findings} <= {"share"}
    return [found.what for found in one.report.findings]


def refreshed(one: Evidence):
    """Give a deal whose shares have stepped."""
    stepped = {deal_id for deal_id, _ in one.facts.epochs}
    return next(deal for deal in one.current() if deal.deal_id in stepped)


def with_share(factory, change) -> Evidence:
    """Give evidence in which the refreshed deal's share 1 is another container."""
    before = evidence(factory)
    deal = refreshed(before)

    def tamper(shelf: Shelf) -> Shelf:
        if shelf.address != deal.holders[0]:
            return shelf
        custody = shelf.custody
        assert isinstance(custody, KeptCustody)
        held = dict(custody.held)
        share = change(decode_container(held[deal.deal_id].share))
        raw = share.encode() if isinstance(share, Container) else share
        held[deal.deal_id] = Holding(deal.raw, raw)
        return replace(shelf, custody=replace(custody, held=held))

    return evidence(factory, shelf=tamper)


def other_payload(share: Container) -> Container:
    return replace(share, payload=add(share.payload, bytes(31) + b"\x01"))


def test_whole_shares_are_usable_and_of_one_epoch(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    usable = check_shares(one)
    assert one.report.is_clean
    assert all(len({share.epoch for share in shares}) == 1 for shares in usable.values())
    assert set(usable) == {deal.deal_id for deal in one.current()}


def test_a_share_that_cannot_be_read_is_named(tmp_path_factory) -> None:
    (what,) = whats(with_share(tmp_path_factory, lambda _share: b"rotten"))
    assert "is unreadable" in what


def test_a_share_of_an_epoch_before_the_recorded_one_is_named(tmp_path_factory) -> None:
    (what,) = whats(with_share(tmp_path_factory, lambda share: replace(share, epoch=0)))
    assert "is of epoch 0, 3 is recorded" in what


def test_a_share_of_an_epoch_of_its_own_is_named(tmp_path_factory) -> None:
    (what,) = whats(with_share(tmp_path_factory, lambda share: replace(share, epoch=9)))
    assert "is of epoch 9, which too few others are in" in what


def test_a_share_of_another_index_is_named(tmp_path_factory) -> None:
    (what,) = whats(with_share(tmp_path_factory, lambda share: replace(share, index=2)))
    assert "is of index 2" in what


def test_a_share_with_another_digest_is_named(tmp_path_factory) -> None:
    (what,) = whats(with_share(tmp_path_factory, other_payload))
    assert "its digest differs" in what


def repaired(factory, change) -> Evidence:
    """Give evidence in which the ledger ordered a repair of share 1 after its newest epoch."""
    one = with_share(factory, change)
    deal = refreshed(one)
    seat = Seated(1, deal.holders[0], deal.holders[0], Moment(10**6, 10**9))
    one.deals[deal.deal_id] = replace(deal, seats=(seat,))
    return one


def test_a_repaired_share_needs_no_digest_if_it_fits_the_others(tmp_path_factory) -> None:
    assert whats(repaired(tmp_path_factory, lambda share: replace(share, salt=bytes(32)))) == []


def test_a_repaired_share_that_does_not_fit_the_others_is_named(tmp_path_factory) -> None:
    (what,) = whats(repaired(tmp_path_factory, other_payload))
    assert "does not fit the others of epoch 3" in what


def test_shares_ahead_of_the_ledger_count_if_they_fit_each_other(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    for key in list(one.facts.epochs):
        del one.facts.epochs[key]
    assert whats(one) == []
    assert one.counts.epochs_on_their_way > 0


def test_too_few_shares_of_one_epoch_are_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    deal = refreshed(one)
    for holder in deal.holders[:2]:
        one.facts.epochs[deal.deal_id, holder] = EpochLine(5, bytes(32), Moment(1, 1))
    assert "1 sound shares of one epoch, wants 2" in whats(one)


def test_what_a_former_custodian_kept_is_counted(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    deal = refreshed(one)
    stranger = next(two.address for two in one.shelves if two.address not in deal.holders)
    seat = Seated(1, deal.holders[0], stranger, Moment(one.facts.head.number, 10**9))
    holders = (stranger, *deal.holders[1:])
    one.deals[deal.deal_id] = replace(deal, seats=(seat,), holders=holders)
    assert whats(one) == []  # the newcomer's repair is not due yet
    assert one.counts.former_shares == 1


def test_a_deal_that_no_entry_names_is_counted(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    del one.deals[refreshed(one).deal_id]
    assert whats(one) == []
    assert one.counts.unfiled_deals == 3
