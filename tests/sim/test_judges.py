from dataclasses import replace
from itertools import pairwise

import pytest

from node.app.events import HeadMoved
from node.base.types import Hash32
from node.evm.executor_pyevm import PyevmExecutor
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid
from node.privacy import release
from node.privacy.custody import Custodian
from node.privacy.custody_store import Holding
from node.privacy.release import RULES
from node.privacy.studies import load_study
from node.sim import judges, memo
from node.sim.checkers import reexecution
from node.sim.facts import BlockStored
from node.sim.judges import _Grants
from node.sim.schema.expectations import PREDICATE_MODELS
from tests.sim.small import ARRIVE, GRANT, SCAN, outcome, played, prepared
from tests.sim.test_consensus_judges import FINE

EXPECT = """
  - {always: heads_agree}
  - {always: chain_linked}
  - {always: seal_authorised}
  - {always: state_root_reproducible}
  - {always: grant_window_respected}
  - {never: plaintext_leak}
  - {eventually: {step_ok: {step: visit}}, by: 1m}
  - {eventually: {refused: {step: late}}}
  - {eventually: {share_rule: {record: visit}}, and_stay: true}
  - {eventually: {copies: {record: visit, at_most: 0}}, by: 1m}
  - {always: stores_sound}
  - {always: {over_exposure: {at_most: 0s}}}
  - {eventually: {record_readable: {record: visit}}, by: 1m}
  - {eventually: {height_at_least: {blocks: 30}}, by: 40s}
"""
STEPS = (
    ARRIVE
    + GRANT
    + """
  - {do: read_record, id: read, doctor: d1, pmr: visit}
  - {do: revoke, id: revoked, patient: p0, grant: given}
  - {do: read_record, id: late, doctor: d1, pmr: visit, expect: refused, error: REVOKED}
"""
)


@pytest.fixture(scope="module")
def run():
    return played(STEPS, EXPECT)


def finding(run, name: str):
    return next(one for one in run.findings if one.terms.name == name)


def test_every_predicate_of_the_language_is_built_and_holds(run) -> None:
    assert [one.why for one in run.findings if one.holds is not True] == []
    names = {one.terms.name for one in run.findings}
    of_consensus = {
        one.strip(" -{}").split(": ")[1].strip("{") for one in FINE.strip().splitlines()
    }
    elsewhere = {"finalised_at_least", "erased", "no_unaudited_release", "lives_done"}
    assert names | of_consensus | elsewhere == set(PREDICATE_MODELS)


def test_findings_stand_in_the_order_and_with_the_words_of_the_file(run) -> None:
    assert [one.terms.text for one in run.findings] == [one.text for one in run.scenario.expect]
    assert [one.terms.line for one in run.findings] == [one.line for one in run.scenario.expect]
    assert finding(run, "step_ok").terms.by_us == 60_000_000
    assert finding(run, "share_rule").terms.and_stay


def grant_at(run, number: int):
    made = run.book.grants()[0]
    block_hash = run.world.nodes["h0"].ledger.hash_by_number(number)
    return _Grants(run.world)(made.grant_id, block_hash)


def block_of(run, step: str) -> int:
    return outcome(run, step).transactions[-1].number


def test_before_its_block_there_is_no_grant(run) -> None:
    assert grant_at(run, block_of(run, "given") - 1) is None


def test_from_its_block_on_a_grant_has_its_window(run) -> None:
    made = run.book.grants()[0]
    for number in (block_of(run, "given"), block_of(run, "revoked") - 1):
        window = grant_at(run, number)
        assert (window.valid_from, window.valid_until) == (made.valid_from_s, made.valid_until_s)
        assert not window.revoked
        header = run.world.nodes["h0"].ledger.header_by_number(number)
        assert window.block_time == header.timestamp


def test_from_the_block_of_the_revocation_on_it_is_revoked(run) -> None:
    head = run.world.nodes["h0"].ledger.head.number
    for number in (block_of(run, "revoked"), head):
        assert grant_at(run, number).revoked


def test_a_block_or_grant_that_nobody_knows_is_none(run) -> None:
    head = run.world.nodes["h0"].ledger.head_hash
    grants = _Grants(run.world)
    assert grants(run.book.grants()[0].grant_id, Hash32(b"\7" * 32)) is None
    assert grants(Hash32(b"\7" * 32), head) is None


def test_a_release_after_the_end_is_found_although_custodians_agree_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What if custodians did not look at the clock of the chain, and kept what has ended."""
    without = tuple(rule for rule in RULES if rule is not release._is_not_granted)
    monkeypatch.setattr(release, "RULES", without)
    monkeypatch.setattr(Custodian, "follow", lambda *_: ())
    run = played(
        ARRIVE
        + "  - {do: grant, id: given, patient: p0, doctor: d1, pmr: visit, for: 10s}\n"
        + "  - {do: read_record, id: late, doctor: d1, pmr: visit, at: {after: given, delay: 15s}}",
        "  - {always: grant_window_respected}",
    )
    assert outcome(run, "late").status == "ok"
    found = finding(run, "grant_window_respected")
    assert found.holds is False
    assert "released a share for grant 0x" in found.why
    assert f".. {run.book.grants()[0].valid_until_s}" in found.why


LEAK = "  - {never: plaintext_leak}"


def test_a_name_in_a_transaction_is_found_in_the_first_frame_that_carries_it() -> None:
    run = prepared(ARRIVE, LEAK)
    run.world.cast.doctors["d0"].title = run.world.cast.patients["p1"].person.details.name
    run.play()
    found = finding(run, "plaintext_leak")
    assert found.holds is False
    assert found.why.startswith("frame h")
    assert run.world.cast.doctors["d0"].title not in found.why
    assert found.first_event_us < 3_000_000


def test_a_record_that_lies_in_clear_in_a_store_is_found_there() -> None:
    run = prepared("", LEAK, until="5s")
    clear = run.world.cast.patients["p0"].person.policy.encode()
    run.world.nodes["h1"].store.store.put(make_cid(clear), clear, BlockClass.SEALED)
    run.play()
    found = finding(run, "plaintext_leak")
    assert found.holds is False
    assert "in the store of h1" in found.why


def test_a_study_as_it_was_captured_is_found_in_a_store() -> None:
    run = prepared(ARRIVE + SCAN, LEAK, until="5s")
    raw = load_study("pydicom:CT_small")
    run.world.nodes["h1"].store.store.put(make_cid(raw), raw, BlockClass.SEALED)
    run.play()
    assert "in the store of h1" in finding(run, "plaintext_leak").why


def test_a_text_that_the_file_writes_into_a_visit_is_looked_for() -> None:
    steps = ARRIVE + (
        "  - {do: consult, doctor: d0, patient: p0, sections: {present_illness: tree-nut allergy}}"
    )
    run = prepared(steps, LEAK, until="5s")
    run.world.history.append(0, "h0", "note", "careless", {"why": "tree-nut allergy"})
    run.play()
    assert finding(run, "plaintext_leak").why.startswith("the history")


def test_a_record_that_the_history_repeats_is_found_there() -> None:
    run = prepared("", LEAK, until="5s")
    phone = run.world.cast.patients["p0"].person.details.contact
    run.world.history.append(0, "h0", "note", "careless", {"phone": phone})
    run.play()
    assert finding(run, "plaintext_leak").why.startswith("the history")


def test_a_node_with_another_head_than_its_equals_is_found() -> None:
    run = prepared("", "  - {always: heads_agree}", until="20s")
    world = run.world
    genesis = world.nodes["h1"].ledger.head
    late = HeadMoved(genesis, genesis.hash(), 0, 0)
    world.kernel.at(10_500_000, 4, "", lambda: world.head_moved("h1", late))
    run.play()
    found = finding(run, "heads_agree")
    assert (found.holds, found.first_event_us) == (False, 10_500_000)
    assert found.why.startswith("h0 and h1 know the same blocks")


def test_a_block_that_nobody_may_seal_is_found() -> None:
    run = prepared("", "  - {always: seal_authorised}\n  - {always: chain_linked}", until="10s")
    world = run.world

    def plant() -> None:
        header = world.nodes["h0"].ledger.head.encode()
        world.tell(BlockStored("h1", Hash32(b"\7" * 32), header[:-1] + b"\x99"))

    world.kernel.at(5_500_000, 4, "", plant)
    run.play()
    assert finding(run, "seal_authorised").holds is False
    assert "does not decode" in finding(run, "chain_linked").why


def test_a_lost_share_breaks_the_rule_of_shares() -> None:
    run = prepared(ARRIVE, "  - {eventually: {share_rule: {record: visit}}, and_stay: true}")
    world = run.world

    def lose() -> None:
        core = world.nodes["h1"].custody.custodian.store
        ((deal_id, holding),) = [
            (deal, held)
            for deal, held in core._holdings.items()
            if deal == run.book.visit("visit").filed.deal_id
        ]
        core.put_holding(deal_id, Holding(holding.manifest, holding.share[:-1] + b"\0"))

    world.kernel.at(45_000_000, 4, "", lose)
    run.play()
    found = finding(run, "share_rule")
    assert found.holds is False
    assert "h1 with the essential share was refused: malformed share data" in found.why


def test_a_record_that_was_never_filed_has_no_rule_to_keep() -> None:
    run = played(
        "  - {do: consult, id: visit, doctor: d0, patient: p0, expect: any}",
        "  - {eventually: {share_rule: {record: visit}}}",
        until="5s",
    )
    found = finding(run, "share_rule")
    assert (found.holds, "was not filed" in found.why) == (False, True)


def test_all_sets_are_tried_once_in_a_block_period_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []
    trial = judges.try_all_subsets

    def counted(*given):
        tried.append(given[0].kernel.now)
        return trial(*given)

    monkeypatch.setattr(judges, "try_all_subsets", counted)
    run = played(ARRIVE, "  - {always: {share_rule: {record: visit}}, from: 40s}", until="50s")
    assert finding(run, "share_rule").holds is True
    assert 10 <= len(tried) <= 22
    assert all(after - before >= 1_000_000 for before, after in pairwise(tried))


def test_a_network_without_patients_has_nothing_to_leak() -> None:
    from node.sim.loader import load
    from node.sim.runner import _Run

    run = _Run(
        load("wardnet: 1\nname: x\nrun: {until: 5s}\nexpect: [{never: plaintext_leak}]\n", "x"),
        {},
        lambda _event: None,
    )
    run.play()
    assert run.findings[0].holds is True


# -- the audit of every run


def test_a_run_that_does_not_ask_for_the_audit_is_audited_last() -> None:
    run = played("", "  - {always: heads_agree}", until="5s")
    assert [(one.terms.name, one.terms.line) for one in run.findings] == [
        ("heads_agree", run.scenario.expect[0].line),
        ("state_root_reproducible", 0),
    ]


def test_executed_again_all_blocks_of_an_honest_run_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reexecution, "AUDITED_ONE_IN", 1)
    found = finding(played(ARRIVE, until="30s"), "state_root_reproducible")
    assert found.holds is True
    audited, _, seen, *_ = found.why.split()
    assert int(seen) >= 30
    assert int(audited) >= int(seen) - 2  # the newest may lie with its maker only


class _Lying(PyevmExecutor):
    """Gives the first contract of each block a slot that no transaction wrote."""

    def open(self, context, view):
        run = super().open(context, view)
        finish = run.finish

        def lied():
            executed = finish()
            storage = dict(executed.diff.storage)
            for address in list(storage)[:1]:
                storage[address] = {**storage[address], 2**255: 1}
            return replace(executed, diff=replace(executed.diff, storage=storage))

        run.finish = lied
        return run


def test_what_all_nodes_share_and_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """They agree with each other, since one of them executed for all."""
    monkeypatch.setattr(reexecution, "AUDITED_ONE_IN", 1)
    monkeypatch.setattr(memo, "executor_named", lambda *_: _Lying())
    run = played(ARRIVE, "  - {always: heads_agree}", until="15s")
    assert finding(run, "heads_agree").holds is True
    found = finding(run, "state_root_reproducible")
    assert found.holds is False
    assert found.why.startswith(("h0 executed block 0x", "h1 executed block 0x"))
    assert "again: block breaks state root" in found.why
    assert run.results({}).verdict == "invalid"


def test_a_seal_that_recovers_to_nobody_is_told_by_the_audit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reexecution, "AUDITED_ONE_IN", 1)
    run = prepared("", "", until="5s")
    world = run.world

    def plant() -> None:
        header = replace(world.nodes["h0"].ledger.head, extra_data=bytes(97))
        for node in ("h0", "h1"):
            world.tell(BlockStored(node, header.hash(), header.encode()))

    world.kernel.at(3_500_000, 4, "", plant)
    run.play()
    found = finding(run, "state_root_reproducible")
    assert (found.holds, "recovers to nobody" in found.why) == (False, True)


def test_a_store_that_lost_its_state_is_told_by_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reexecution, "AUDITED_ONE_IN", 1)
    run = prepared("", "", until="5s")
    world = run.world

    def lose() -> None:
        world.pool.nodes.clear()

    world.kernel.at(2_500_000, 4, "", lose)
    run.play()
    found = finding(run, "state_root_reproducible")
    assert (found.holds, "again: " in found.why) == (False, True)
