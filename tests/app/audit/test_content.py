"""Content: what opens is held against the ledger, what does not open is counted."""

from dataclasses import replace

from node.app.audit.content import check_contents
from node.app.audit.evidence import Evidence
from node.app.audit.fragments import check_fragments
from node.app.audit.shares import check_shares
from node.sss.gf256 import add
from tests.sim.audited import evidence


def checked(one: Evidence, shares=None) -> list[tuple[str, str, str]]:
    given = check_shares(one) if shares is None else shares
    check_contents(one, given, check_fragments(one))
    return [tuple(found) for found in one.report.findings]


def test_all_that_stands_is_opened_and_fits(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    assert checked(one) == []
    assert (one.counts.opened, one.counts.not_opened) == (6, 0)


def test_another_commitment_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    filing = one.facts.filings[101012026, 0, 0]
    filing.commitment = bytes(32)
    ((record, rule, what),) = checked(one)
    assert (record, rule) == ("PMR 101012026 entry 0", "content")
    assert "the ledger says 0x0000000000000000" in what


def test_a_study_under_a_visit_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    one.facts.filings[101012026, 1, 0].kind = 1
    ((record, rule, what),) = checked(one)
    assert (record, rule, what) == (
        "PMR 101012026 entry 1",
        "content",
        "what opens is of kind Study, the ledger has PmrEntry",
    )


def test_without_the_wallets_master_nothing_opens_and_all_is_counted(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    one.masters = {}
    assert checked(one) == []
    assert (one.counts.opened, one.counts.not_opened) == (0, 6)


def test_a_share_that_the_others_prove_wrong_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    shares = check_shares(one)
    deal = next(one.current())
    first, *rest = shares[deal.deal_id]
    liar = replace(first, payload=add(first.payload, b"\x01" + bytes(31)))
    shares[deal.deal_id] = (liar, *rest)
    ((record, rule, what),) = checked(one, shares)
    assert (record, rule) == (deal.filing.name, "share")
    assert what.startswith(f"share {liar.index} does not fit the key")
