"""Tokens and entries: each fault of the ledger's own story is named, and nothing else."""

from dataclasses import replace

import pytest

from node.app.audit.ledger_facts import LedgerFacts, Moment
from tests.sim.audited import evidence, found, named

PMR = 101012026
FIRST = (PMR, 0, 0)
SCAN = (PMR, 1, 0)


def entry(facts: LedgerFacts, key: tuple[int, int, int]):
    return facts.filings[key]


def minted_twice(facts: LedgerFacts) -> None:
    facts.mints[PMR].append(Moment(9, 9))


def never_minted(facts: LedgerFacts) -> None:
    del facts.mints[PMR]


def impossible_date(facts: LedgerFacts) -> None:
    facts.mints[131022026] = [Moment(9, 9)]


def unknown_patient(facts: LedgerFacts) -> None:
    facts.mints[7701012026] = [Moment(9, 9)]


def written_twice(facts: LedgerFacts) -> None:
    facts.repeated.append((PMR, 0))


def order_filed_twice(facts: LedgerFacts) -> None:
    event, at = facts.filed_orders[0]
    facts.filed_orders.append((event, at))


def order_never_made(facts: LedgerFacts) -> None:
    facts.orders.clear()


def order_of_another_record(facts: LedgerFacts) -> None:
    for number, order in list(facts.orders.items()):
        facts.orders[number] = replace(order, pmr_id=PMR + 1)


def lab_entry_without_its_order(facts: LedgerFacts) -> None:
    facts.filed_orders.clear()


def lab_filed_other_content(facts: LedgerFacts) -> None:
    event, at = facts.filed_orders[0]
    other = (bytes(32), *event.observations[1:])
    facts.filed_orders[0] = replace(event, observations=other), at


def same_commitment(facts: LedgerFacts) -> None:
    entry(facts, SCAN).commitment = entry(facts, FIRST).commitment


@pytest.mark.parametrize(
    ("change", "record", "rule"),
    [
        (minted_twice, f"PMR {PMR}", "token"),
        (never_minted, f"PMR {PMR}", "token"),
        (impossible_date, "PMR 131022026", "token"),
        (unknown_patient, "PMR 7701012026", "token"),
        (impossible_date, "PMR 131022026", "entry"),
        (written_twice, f"PMR {PMR} entry 0", "entry"),
        (order_filed_twice, f"PMR {PMR} entry 1", "entry"),
        (order_never_made, f"PMR {PMR} entry 1", "entry"),
        (order_of_another_record, f"PMR {PMR} entry 1", "entry"),
        (lab_entry_without_its_order, f"PMR {PMR} entry 1", "entry"),
        (lab_filed_other_content, f"PMR {PMR} entry 1", "entry"),
        (same_commitment, f"PMR {PMR} entry 1", "redundant"),
    ],
)
def test_a_fault_of_tokens_or_entries_is_named(change, record, rule, tmp_path_factory) -> None:
    assert (record, rule) in named(evidence(tmp_path_factory, change))


def test_a_whole_ledger_has_no_fault(tmp_path_factory) -> None:
    assert found(evidence(tmp_path_factory)) == []


def test_a_gap_between_entries_is_named(tmp_path_factory) -> None:
    def gap(facts: LedgerFacts) -> None:
        del facts.filings[SCAN]

    assert (f"PMR {PMR}", "entry") in named(evidence(tmp_path_factory, gap))
