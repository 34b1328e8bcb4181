"""The accounting of disclosures: whose, by whom, under what, with which outcome."""

from node.app.audit.disclosures import disclosures_of
from tests.sim.audited import evidence


def test_every_receipt_about_a_patient_is_listed(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    receipts = sum(len(shelf.custody.receipts()) for shelf in one.shelves)
    assert len(disclosures_of(one, 1)) + len(disclosures_of(one, 2)) == receipts == 21


def test_a_refusal_says_why_and_whose_request_it_was(tmp_path_factory) -> None:
    listed = disclosures_of(evidence(tmp_path_factory), 1)
    refused = [one for one in listed if one.outcome != "RELEASED"]
    assert {(one.who, one.purpose, one.outcome) for one in refused} == {
        ("doctor 2 (Doctor d1)", "TREAT", "REVOKED")
    }


def test_a_request_under_no_grant_has_nobodys_name(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    one.facts.grants.clear()
    assert "unknown" in {line.who for line in disclosures_of(one, 1)}


def test_what_is_not_on_the_ledger_yet_says_so(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    one.facts.posted.clear()
    assert {line.is_on_ledger for line in disclosures_of(one, 1)} == {False}


def test_nobody_elses_receipts_are_told(tmp_path_factory) -> None:
    assert disclosures_of(evidence(tmp_path_factory), 3) == ()
