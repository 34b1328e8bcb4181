"""Manifests: each way not to be that of the entry is named."""

from dataclasses import replace

import pytest

from node.app.audit.evidence import Deal, Evidence
from node.app.audit.manifests import check_manifests
from tests.sim.audited import evidence


def spoiled(factory, change) -> Evidence:
    """Give evidence in which the first manifest of an entry is another one."""
    one = evidence(factory)
    deal = next(deal for deal in one.current() if deal.filing.pmr_id)
    one.deals[deal.deal_id] = change(deal)
    return one


def header(**changed):
    def change(deal: Deal) -> Deal:
        manifest = deal.manifest
        return replace(deal, manifest=replace(manifest, header=replace(manifest.header, **changed)))

    return change


def custodians(first: int, second: int):
    def change(deal: Deal) -> Deal:
        listed = list(deal.manifest.custodians)
        listed[first] = deal.manifest.custodians[second] if second >= 0 else bytes(20)
        return replace(deal, manifest=replace(deal.manifest, custodians=tuple(listed)))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (header(chain_id=7), "is of chain 7"),
        (header(pmr_id=(5).to_bytes(32)), "is of PMR 5"),
        (header(generation=3), "is generation 3"),
        (custodians(0, 1), "one hospital two shares"),
        (custodians(0, -1), "which is no hospital"),
    ],
)
def test_a_manifest_of_something_else_is_named(change, said, tmp_path_factory) -> None:
    one = spoiled(tmp_path_factory, change)
    check_manifests(one)
    (finding,) = one.report.findings
    assert finding.rule == "manifest"
    assert said in finding.what


def test_a_plan_that_the_lab_did_not_file_is_named(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    event, at = one.facts.filed_orders[0]
    one.facts.filed_orders[0] = replace(event, plan=(1, 2, 9, 0)), at
    check_manifests(one)
    said = [found.what for found in one.report.findings]
    assert len(said) == 2, "both generations"
    assert all("the lab filed scheme 1, 2 of 9" in what for what in said)


def test_a_name_that_no_store_can_hold_is_named(tmp_path_factory) -> None:
    def nameless(facts) -> None:
        filing = next(one for one in facts.filings.values() if one.pmr_id and not one.erased)
        filing.generations[-1] = filing.generations[-1][0], None

    one = evidence(tmp_path_factory, nameless)
    check_manifests(one)
    assert [found.what for found in one.report.findings] == ["its name is no CID of a store"]


def test_whole_manifests_have_no_fault(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    check_manifests(one)
    assert one.report.is_clean
