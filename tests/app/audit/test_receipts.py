"""Receipts: a chain each, the same on the ledger as with the custodian."""

from dataclasses import replace

from node.app.audit.evidence import Evidence
from node.app.audit.receipts import check_receipts
from node.app.audit.source import Shelf
from tests.sim.audited import evidence


def whats(one: Evidence) -> list[str]:
    check_receipts(one)
    assert {found.rule for found in one.report.findings} <= {"receipt"}
    return [found.what for found in one.report.findings]


def with_chain(factory, change) -> Evidence:
    """Give evidence in which h0 has other receipts."""

    def tamper(shelf: Shelf) -> Shelf:
        if shelf.name != "h0":
            return shelf
        return replace(shelf, custody=replace(shelf.custody, chain=change(shelf.custody.chain)))

    return evidence(factory, shelf=tamper)


def test_whole_receipts_are_counted(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    assert whats(one) == []
    assert (one.counts.releases, one.counts.refusals) == (18, 3)


def test_a_receipt_that_is_missing_breaks_the_chain(tmp_path_factory) -> None:
    said = whats(with_chain(tmp_path_factory, lambda chain: (chain[0], *chain[2:])))
    assert said[0] == f"has number {2}"
    assert "stands on the ledger, and the custodian has none" in said


def test_a_receipt_of_somebody_else_is_named(tmp_path_factory) -> None:
    def forge(chain):
        return (*chain[:-1], replace(chain[-1], signature=chain[0].signature))

    assert whats(with_chain(tmp_path_factory, forge)) == ["is not signed by its custodian"]


def test_a_ledger_that_tells_another_story_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    shelf = next(two for two in one.shelves if two.name == "h0")
    lines = one.facts.posted[shelf.address]
    lines[0] = lines[0]._replace(status=4)
    lines[1] = lines[1]._replace(receipt_id=bytes(32))
    assert whats(one) == [
        "stands on the ledger with another grant, deal or status",
        "is another one than the ledger has under its number",
    ]


def test_a_receipt_that_is_due_has_to_be_on_the_ledger(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    shelf = next(two for two in one.shelves if two.name == "h0")
    one.facts.posted[shelf.address].pop()
    ((what),) = whats(one)
    assert what.endswith("never reached the ledger")


def test_a_new_receipt_may_be_on_its_way(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    shelf = next(two for two in one.shelves if two.name == "h0")
    one.facts.posted[shelf.address].pop()
    one.lag_blocks = one.facts.head.number
    assert whats(one) == []
    assert one.counts.receipts_on_their_way == 1


def test_receipts_of_a_node_that_is_not_here_are_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    one.facts.posted[bytes(20)] = [one.facts.posted[one.shelves[0].address][0]]
    assert whats(one) == ["1 receipts stand on the ledger, and its node is not here"]
