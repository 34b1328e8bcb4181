from types import SimpleNamespace

from node.privacy.custody import Custodian
from node.sim.faults.bent_custodian import Bend, BentCustodian, CustodyBends
from node.sim.hosts import LocalClock
from tests.sim.small import ARRIVE, GRANT, played


def counted(kind: str) -> tuple[Bend, list[int]]:
    found: list[int] = []
    return Bend(kind, lambda: found.append(1)), found


def test_bends_outlive_the_custodian_that_was_made() -> None:
    hosts = {"h0": SimpleNamespace(clock=LocalClock(5_000_000, 2_000_000))}
    bends = CustodyBends(lambda: 1_000_000, hosts)
    bend, _ = counted("own_clock")
    bends.add("h0", bend)
    maker = bends.maker("h0")
    assert maker.func is BentCustodian
    active, own_time_us = maker.args
    assert (active, own_time_us()) == ([bend], 8_000_000)
    bends.remove("h0", bend)
    assert active == []


def test_without_a_bend_it_is_the_honest_one() -> None:
    run = played(ARRIVE + GRANT)
    custodian = run.world.nodes["h0"].custody.custodian
    assert isinstance(custodian, BentCustodian)
    deal_id = run.book.record("visit").filed.deal_id
    view = run.world.nodes["h0"].custody.view()
    assert custodian._seen(view, 0) is view
    assert custodian.share(deal_id) == Custodian.share(custodian, deal_id)


def test_what_a_bent_custodian_sees_differs_in_grants_alone() -> None:
    run = played(ARRIVE + GRANT)
    core, made = run.world.nodes["h0"], run.book.grants()[0]
    custodian, view = core.custody.custodian, core.custody.view()
    honest = view.grant(made.grant_id)
    for kind in ("rogue_custodian", "own_clock"):
        bend, _ = counted(kind)
        run.world.custody_bends.add("h0", bend)
        seen = custodian._seen(view, 77)
        assert seen.head_advanced_us == 77
        assert custodian._seen(view, None).head_advanced_us == view.head_advanced_us
        assert (seen.head, seen.chain_id) == (view.head, view.chain_id)
        assert seen.block_period_us == view.block_period_us
        assert seen.block_hash(1) == view.block_hash(1)
        assert seen.is_own_licence_active()
        deal_id = run.book.record("visit").filed.deal_id
        assert seen.record(deal_id) == view.record(deal_id)
        for account in (made.grantee.signer.address, made.patient.wallet.address):
            assert seen.is_registered_grantee(account) == view.is_registered_grantee(account)
            assert seen.is_active_grantee(account) == view.is_active_grantee(account)
        assert seen.grant(bytes(32)) is None
        assert seen.grant(made.grant_id).valid_until_s != honest.valid_until_s
        run.world.custody_bends.remove("h0", bend)
