"""Releases and deposits: each border of a grant, by block time."""

from dataclasses import replace

import pytest

from node.app.audit.evidence import Evidence
from node.app.audit.ledger_facts import Moment
from node.app.audit.releases import check_deposits, check_releases
from node.app.audit.source import Shelf
from node.privacy.release_messages import OWNER_GRANT_ID, Status
from tests.sim.audited import evidence


def rules(one: Evidence) -> set[tuple[str, str]]:
    check_releases(one)
    return {(found.rule, found.what) for found in one.report.findings}


def used(one: Evidence):
    """Give the line of the grant that was used, and the newest block of its releases."""
    receipts = [
        receipt
        for shelf in one.shelves
        for receipt in shelf.custody.receipts()
        if receipt.status is Status.RELEASED and receipt.grant_id in one.facts.grants
    ]
    newest = max(receipts, key=lambda receipt: receipt.head.number)
    return one.facts.grants[newest.grant_id], newest.head


def test_whole_releases_are_covered(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    assert rules(one) == set()
    check_deposits(one)
    assert one.report.is_clean


def test_a_grant_that_ends_with_the_block_of_a_release_is_over_by_then(tmp_path_factory) -> None:
    """Half-open: the second of the end is the first one too late."""
    one = evidence(tmp_path_factory)
    line, head = used(one)
    line.event = replace(line.event, valid_until=head.timestamp_s)
    assert {rule for rule, _ in rules(one)} == {"window"}
    other = evidence(tmp_path_factory)
    line, head = used(other)
    line.event = replace(line.event, valid_until=head.timestamp_s + 1)
    assert rules(other) == set()


def test_a_revocation_counts_from_its_block_on(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    line, head = used(one)
    line.revoked = Moment(head.number, head.timestamp_s)
    assert rules(one) == {
        ("window", f"at block {head.number}, revoked at {head.number}"),
    }
    other = evidence(tmp_path_factory)
    line, head = used(other)
    line.revoked = Moment(head.number + 1, head.timestamp_s)
    assert rules(other) == set()


def test_a_release_before_the_grant_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    line, head = used(one)
    line.granted = Moment(head.number + 1, line.granted.time_s)
    assert {rule for rule, _ in rules(one)} == {"window"}
    other = evidence(tmp_path_factory)
    line, head = used(other)
    line.event = replace(line.event, valid_from=head.timestamp_s + 1)
    assert {rule for rule, _ in rules(other)} == {"window"}


@pytest.mark.parametrize(
    "change",
    [
        lambda event: replace(event, pmr_id=event.pmr_id + 1),
        lambda event: replace(event, scope=bytes(32)),
        lambda event: replace(event, patient=bytes(20)),
    ],
    ids=["another record", "no section", "another patient"],
)
def test_a_grant_about_something_else_covers_nothing(change, tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    line, _ = used(one)
    line.event = change(line.event)
    found = rules(one)
    assert {rule for rule, _ in found} == {"release"}
    assert all("which is not about it" in what for _, what in found)


def test_a_release_under_no_grant_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    one.facts.grants.clear()
    found = rules(one)
    assert {rule for rule, _ in found} == {"release"}
    assert all("no grant and no emergency" in what for _, what in found)


def test_a_release_judged_by_a_block_of_another_chain_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    _, head = used(one)
    one.facts.hashes[head.number] = bytes(32), head.timestamp_s
    assert f"was judged by block {head.number}, which is not of this chain" in {
        what for _, what in rules(one)
    }


def test_owners_get_nothing_after_the_erasure(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    for pmr_id, at in list(one.facts.erased.items()):
        one.facts.erased[pmr_id] = Moment(1, at.time_s)
    owners = {
        receipt.deal_id
        for shelf in one.shelves
        for receipt in shelf.custody.receipts()
        if receipt.grant_id == OWNER_GRANT_ID and receipt.deal_id in one.gone
    }
    assert owners
    assert ("release", "after its record was erased") in rules(one)


def test_what_was_lent_has_to_go_with_the_grant(tmp_path_factory) -> None:
    before = evidence(tmp_path_factory)
    deal = next(one for one in before.current() if one.filing.pmr_id)
    grant_id, strange = next(iter(before.facts.grants)), b"\x05" * 32

    def tamper(shelf: Shelf) -> Shelf:
        lent = ((grant_id, deal.deal_id), (strange, deal.deal_id))
        return replace(shelf, custody=replace(shelf.custody, lent=lent))

    one = evidence(tmp_path_factory, shelf=tamper)
    check_deposits(one)
    said = [found.what for found in one.report.findings if found.rule == "deposit"]
    assert len(said) == 2 * len(one.shelves)
    assert sum("ended at block" in what for what in said) == len(one.shelves)
    assert sum("under no grant" in what for what in said) == len(one.shelves)
