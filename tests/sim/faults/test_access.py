"""Thieves copy what is there at the moment, and bent custodians do what their fault says."""

import pytest

from tests.sim.faulty import result
from tests.sim.small import ARRIVE, GRANT, outcome, played

READ = "\n  - {do: read_record, id: read, doctor: d1, pmr: visit}\n"
LATE = """
  - {do: read_record, id: late, at: {after: given, delay: 20s}, doctor: d1, pmr: visit, expect: any}
"""
SHORT = GRANT.replace("1h", "12s")


def run_with(fault: str, steps: str):
    expect = "  - {always: heads_agree}\nfaults:\n  - {" + fault + "}"
    return played(ARRIVE + steps, expect, "90s")


def test_a_thief_of_shares_has_those_of_the_moment() -> None:
    run = run_with("do: custody_stolen, custodians: h1, at: {after: visit}", "")
    record = run.book.record("visit")
    assert result(run).effects == 2  # the desk's details and the visit
    share = run.world.nodes["h1"].custody.custodian.share(record.filed.deal_id)
    assert run.world.loot.shares[record.filed.deal_id, "h1"] == share
    assert (record.filed.deal_id, "h0") not in run.world.loot.shares


def test_a_thief_of_essential_shares_has_containers_and_no_master() -> None:
    run = run_with("do: essential_stolen, patient: p0, at: {after: visit}", "")
    wallet = run.world.cast.patients["p0"].wallet
    assert run.world.loot.essentials == {one: wallet.essential(one) for one in wallet.deals}
    assert result(run).effects == len(wallet.deals) == 2


def test_a_lost_wallet_is_another_ones_and_empty() -> None:
    run = run_with("do: essential_lost, patient: p0, at: {after: visit}", "")
    patient, lost = run.world.cast.patients["p0"], run.world.loot.accounts["p0"]
    assert (patient.wallet.deals, len(lost.wallet.deals)) == ((), 2)
    assert patient.signer != lost.signer
    assert patient.wallet.address == patient.signer.address != lost.wallet.address
    assert patient.wallet.sealing_public != lost.wallet.sealing_public


@pytest.mark.parametrize(
    ("kind", "status"), [("withhold_share", "refused"), ("corrupt_share", "refused")]
)
def test_custodians_that_give_no_good_share_leave_a_reader_without_the_record(
    kind: str, status: str
) -> None:
    """One custodian is needed and both are bent."""
    run = run_with(f"do: {kind}, custodians: all, at: {{after: given}}", GRANT + READ)
    assert outcome(run, "read").status == status
    assert result(run).effects == 2


def test_a_fault_that_ends_leaves_an_honest_custodian() -> None:
    fault = "do: withhold_share, custodians: all, at: {after: visit}, lasting: 1s"
    run = run_with(fault, GRANT + READ)
    assert outcome(run, "read").status == "ok"
    assert run.injector.vacuous() == ("withhold_share-1",)


def test_a_rogue_custodian_releases_after_the_end_and_keeps_the_deposit() -> None:
    honest = run_with("do: withhold_share, custodians: h0, at: 80s, may_miss: true", SHORT + LATE)
    assert outcome(honest, "late").error == "EXPIRED"
    run = run_with("do: rogue_custodian, custodians: all, at: 1s", SHORT + LATE)
    assert result(run).effects > 0
    made = run.book.grants()[0]
    for name in ("h0", "h1"):
        deposits = run.world.nodes[name].custody.custodian.store.deposits()
        assert made.grant_id in [grant_id for grant_id, _ in deposits]


def test_a_custodian_with_its_own_clock_ends_a_grant_when_that_says_so() -> None:
    """The clock is right here, and ahead of the final block: it refuses sooner."""
    run = run_with("do: own_clock, custodians: all, at: {after: given}, may_miss: true", SHORT)
    made = run.book.grants()[0]
    finals = [core.chain.final.timestamp for core in run.world.nodes.values()]
    assert min(finals) > made.valid_until_s
    assert all(not core.custody.custodian.store.deposits() for core in run.world.nodes.values())
