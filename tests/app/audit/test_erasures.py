"""Erasures: nothing is left, and every custodian can show what it signed."""

from dataclasses import replace

from node.app.audit.erasures import check_erasures
from node.app.audit.evidence import Evidence, Piece
from node.app.audit.ledger_facts import Moment
from node.app.audit.source import Shelf
from tests.sim.audited import evidence

ERASED = "PMR 201012026"


def whats(one: Evidence) -> list[str]:
    check_erasures(one)
    assert {found.rule for found in one.report.findings} <= {"erasure"}
    return [found.what for found in one.report.findings]


def test_whole_erasures_are_clean(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    assert whats(one) == []
    assert one.counts.certificates == 3


def ordered_away(factory) -> tuple[Evidence, str]:
    """Give evidence in which the ledger erased a record that custodians still have."""
    one = evidence(factory)
    deal = next(deal for deal in one.current() if deal.filing.pmr_id)
    at = Moment(5, 5)
    deal.filing.erased = at
    one.deals[deal.deal_id] = replace(deal, ended=at)
    return one, deal.filing.name


def test_what_is_left_of_an_erased_record_is_named_part_by_part(tmp_path_factory) -> None:
    one, record = ordered_away(tmp_path_factory)
    said = whats(one)
    assert {found.record for found in one.report.findings} == {record}
    assert sum("still holds a share" in what for what in said) == 3
    assert sum("still keeps fragment" in what for what in said) == 3
    assert sum("has not certified" in what for what in said) == 3


def test_an_erasure_of_a_moment_ago_is_not_due(tmp_path_factory) -> None:
    one, _ = ordered_away(tmp_path_factory)
    one.lag_blocks = one.facts.head.number
    assert whats(one) == []


def test_a_certificate_that_nobody_can_show_is_named(tmp_path_factory) -> None:
    def forget(shelf: Shelf) -> Shelf:
        return replace(shelf, custody=replace(shelf.custody, signed=()))

    one = evidence(tmp_path_factory, shelf=forget)
    said = whats(one)
    assert sum("recorded a certificate that it does not have" in what for what in said) == 3
    assert any("of 1 entries 0 are accounted for" in what for what in said)


def test_a_certificate_that_somebody_else_signed_is_named(tmp_path_factory) -> None:
    def swap(shelf: Shelf) -> Shelf:
        signed = tuple(raw[:-1] + bytes((raw[-1] ^ 1,)) for raw in shelf.custody.certificates())
        return replace(shelf, custody=replace(shelf.custody, signed=signed))

    one = evidence(tmp_path_factory, shelf=swap)
    assert any("not signed by" in what for what in whats(one))


def test_another_certificate_than_the_recorded_one_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    key = next(iter(one.facts.certified))
    one.facts.certified[key] = bytes(32), one.facts.certified[key][1]
    (what,) = whats(one)
    assert "has another certificate than it recorded" in what


def test_a_custodian_that_keeps_what_it_certified_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    deal_id, custodian = next(iter(one.facts.certified))
    shelf = one.at[custodian][0]
    one.pieces[deal_id].append(Piece(shelf, 2, b"\x12\x20" + bytes(32)))
    (what,) = whats(one)
    assert what == f"{shelf.name} certified the destruction of what it keeps: fragment 2"
    assert one.report.findings[0].record == f"{ERASED} (erased)"
