"""Evidence: what is believed of a disk, and who holds what by the orders of the ledger."""

import pytest

from node.app.audit.ledger_facts import Moment, Seated
from node.ipfs_lite.errors import NotFoundError
from tests.sim.audited import evidence


def seated(factory, *orders) -> tuple[tuple, tuple, tuple]:
    """Give dealt and present holders of a visit, and the orders that count.

    ``orders``    of (index, old, new): numbers stand for the dealt custodians, else addresses.
    """
    before = next(deal for deal in evidence(factory).current() if deal.filing.pmr_id)
    dealt = before.manifest.custodians

    def order(facts) -> None:
        facts.seats[before.filing.pmr_id, before.deal_id] = [
            Seated(index, _who(dealt, old), _who(dealt, new), Moment(9, 9))
            for index, old, new in orders
        ]

    deal = evidence(factory, order).deals[before.deal_id]
    return dealt, deal.holders, deal.seats


def _who(dealt, one):
    return dealt[one - 1] if isinstance(one, int) else one


NEW, LATER = b"\x01" * 20, b"\x02" * 20


def test_a_share_passes_from_hand_to_hand(tmp_path_factory) -> None:
    dealt, holders, seats = seated(tmp_path_factory, (1, 1, NEW), (1, NEW, LATER))
    assert holders == (LATER, *dealt[1:])
    assert len(seats) == 2


def test_an_order_that_began_with_another_holder_counts_for_nothing(tmp_path_factory) -> None:
    dealt, holders, seats = seated(tmp_path_factory, (1, 2, NEW))
    assert holders == dealt
    assert seats == ()


def test_an_order_about_an_index_that_there_is_not_counts_for_nothing(tmp_path_factory) -> None:
    dealt, holders, _ = seated(tmp_path_factory, (9, 1, NEW))
    assert holders == dealt


def test_a_file_is_read_only_where_all_of_it_lies(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    deal = next(one.current())
    cid = deal.manifest.fragments[0].cid
    assert one.file_at(one.at[deal.holders[0]][0], cid)
    other = next(shelf for shelf in one.shelves if shelf.address != deal.holders[0])
    with pytest.raises(NotFoundError):
        one.file_at(other, cid)


def test_a_manifest_in_custody_alone_is_judged_all_the_same(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    generations = [deal for deal in one.deals.values() if deal.ended is not None]
    assert {deal.filing.name for deal in generations} <= {"PMR 101012026 entry 1"}
    assert one.name_of(b"?" * 32) == f"deal 0x{(b'?' * 8).hex()}"


def test_two_filings_of_one_deal_are_one_too_many(tmp_path_factory) -> None:
    def same(facts) -> None:
        first, second = (facts.filings[101012026, index, 0] for index in (0, 2))
        second.generations = list(first.generations)

    one = evidence(tmp_path_factory, same)
    assert [(found.record, found.rule) for found in one.report.findings] == [
        ("PMR 101012026 entry 2", "redundant")
    ]


def test_blocks_are_found_by_time(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    _, time_s = one.facts.hashes[5]
    assert one.first_block_at(time_s) == 5
    assert one.first_block_at(time_s + 1) == 6
    assert one.first_block_at(2**60) is None
