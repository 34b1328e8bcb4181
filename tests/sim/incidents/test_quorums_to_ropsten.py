"""Incidents F10 to F18: what each engine comes to, and why (consensus.md section 10)."""

from itertools import pairwise

import pytest

from node.base.header import Header
from node.sim.schema.settings import ENGINES
from tests.sim.incidents.played import FOLDER, cases, changed, incident

REORG, STALL, MEMBER = "reorg_deeper_than", "stalled", "in_validator_set"
OUTCOMES = {
    "ibft1-quorum-six": {"aura": [REORG], "ibft1": ["agreement"]},
    "ibft1-quorum-six-repaired": {"aura": [REORG]},
    "ibft1-tlc-trace": {"ibft1": ["agreement"]},
    "ibft1-lock-deadlock": {"ibft1": [STALL]},
    "besu-7642-round-spread": {"qbft": [STALL], "ibft1": [STALL]},
    "besu-7642-round-spread-early": {"ibft1": [STALL]},
    "restart-amnesia": {"qbft": ["agreement"], "ibft1": ["agreement"]},
    "restart-amnesia-log": {},
    "proposer-capture": {},
    "aura-change-never-final": {
        "clique": [MEMBER, STALL],
        "aura": [MEMBER],
        "ibft1": [MEMBER, STALL],
    },
    "mass-revocation": {"clique": [MEMBER, STALL], "aura": [MEMBER], "ibft1": [MEMBER, STALL]},
    "mass-revocation-gone-first": {
        "qbft": [MEMBER, STALL],
        "clique": [MEMBER, STALL],
        "aura": [MEMBER],
        "ibft1": [MEMBER, STALL],
    },
    "ropsten-2017": {},
}
"""Incident -> engine -> the predicates that do not hold there."""
QUICK = {"ibft1-tlc-trace", "ibft1-lock-deadlock", "restart-amnesia"}


@pytest.mark.parametrize(("name", "engine", "failing"), cases(OUTCOMES, quick=QUICK))
def test_an_engine_keeps_and_breaks_what_it_is_expected_to(
    name: str, engine: str, failing: list[str]
) -> None:
    played = incident(name, engine)
    assert played.failing == failing, {one: played.why(one) for one in played.failing}
    assert played.results.verdict == ("invalid" if failing else "valid")
    assert played.results.verdict == played.run.scenario.verdicts[engine]


@pytest.mark.slow
def test_f10_the_quorum_itself_is_to_blame_and_no_validator() -> None:
    why = incident("ibft1-quorum-six", "ibft1").why("agreement")
    assert "0 culprits can be named: two quorums of 3 of 6 share 0 validators" in why
    assert "agreement was promised" in why


@pytest.mark.slow
def test_f10_clique_leaves_three_blocks_at_most_and_aura_more() -> None:
    assert 0 < incident("ibft1-quorum-six", "clique").results.chain.deepest_reorg <= 3
    assert incident("ibft1-quorum-six", "aura").results.chain.deepest_reorg > 3


def test_f11_the_explanation_names_the_leader_and_who_voted_twice() -> None:
    why = incident("ibft1-tlc-trace", "ibft1").why("agreement")
    assert "h3 decided block 6" in why
    assert "in round 0 and h2 decided block 6" in why
    assert "h0 (Byzantine) signed proposal for" in why
    assert "h1 committed to" in why
    assert "Byzantine: 1 of 4 validators, f = 1: agreement was promised" in why


@pytest.mark.parametrize(
    "switches",
    ["lock: true, old_rounds: count", "lock: false, old_rounds: drop", "lock: true"],
)
def test_f11_one_safe_switch_keeps_one_value(switches: str) -> None:
    played = changed("ibft1-tlc-trace", "ibft1", ("lock: false, old_rounds: count", switches))
    assert played.failing == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("switches", "failing"),
    [("lock: false, old_rounds: drop", ["agreement"]), ("lock: true, old_rounds: count", [])],
)
def test_f11_in_time_votes_make_the_missing_lock_enough(switches: str, failing: list[str]) -> None:
    text = (FOLDER / "ibft1-tlc-trace.yaml").read_text("utf-8")
    slow = next(line for line in text.splitlines() if "id: slow-commit" in line)
    played = changed(
        "ibft1-tlc-trace",
        "ibft1",
        ("lock: false, old_rounds: count", switches),
        (f"{slow}\n", ""),
    )
    assert played.failing == failing


def test_f11_the_leader_had_two_faces_and_more_blocks_than_one_were_proposed() -> None:
    told = incident("ibft1-tlc-trace", "qbft")
    assert told.results.faults[0].effects > 0
    assert len({told.header(node, 6).hash() for node in ("h0", "h1", "h2", "h3")}) == 1


def test_f12_without_the_lock_the_height_is_decided() -> None:
    unlocked = ("request_timeout: 3s}", "request_timeout: 3s, options: {lock: false}}")
    played = changed("ibft1-lock-deadlock", "ibft1", unlocked)
    assert STALL not in played.failing


def test_f12_nobody_decides_height_6_although_only_one_of_four_is_down() -> None:
    played = incident("ibft1-lock-deadlock", "ibft1")
    assert {number for _, _, number in played.heads if number > 5} == set()
    assert played.results.chain.safe


@pytest.mark.slow
def test_f13_who_may_jump_decides_within_seconds_of_the_restart() -> None:
    back = 86.0
    assert incident("besu-7642-round-spread-early", "qbft").grown_after(back) < back + 10
    assert back + 60 < incident("besu-7642-round-spread", "qbft").grown_after(back) < back + 140


def test_f14_both_who_forgot_are_named() -> None:
    why = incident("restart-amnesia", "qbft").why("agreement")
    assert "h1 decided block 6" in why
    assert "h0 (Byzantine) signed" in why
    assert "h3 (Byzantine) committed to" in why
    assert "Byzantine: 2 of 4 validators, f = 1: no promise was broken" in why


@pytest.mark.parametrize("name", ["restart-amnesia", "restart-amnesia-log"])
def test_f14_no_clique_signer_seals_two_children_of_one_parent(name: str) -> None:
    """Not even one that lost its log: the chain that it kept tells it."""
    played = incident(name, "clique")
    signer_of = played.engine("h1").signer_of
    headers = [Header.decode(one.header) for one in played.stored.values()]
    slots = {(header.parent_hash, signer_of(header)) for header in headers}
    assert len(slots) == len(headers)
    assert len(headers) > played.results.chain.height  # there were forks


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["qbft", "ibft1"])
def test_f15_one_proposer_makes_two_blocks_in_a_row(engine: str) -> None:
    played = incident("proposer-capture", engine)
    makers = [played.sealer("h0", number) for number in range(1, 11)]
    assert [pair for pair in pairwise(makers) if pair[0] == pair[1]] == [("h1", "h1")]
    shares = {one.name: one.blocks_sealed for one in played.results.nodes}
    assert shares["h1"] == max(shares.values())


@pytest.mark.slow
def test_f16_nothing_becomes_final_again_in_aura() -> None:
    played = incident("aura-change-never-final", "aura")
    assert played.members("h0") == {"h0", "h1", "h2", "h3", "h5", "h6"}
    core = played.run.world.nodes["h0"]
    assert core.ledger.head.number > 20
    assert incident("aura-change-never-final", "qbft").members("h0") == {"h0", "h1", "h2", "h3"}


@pytest.mark.slow
def test_f17_the_set_follows_the_registry_only_where_no_vote_is_needed() -> None:
    left = {"h0", "h1", "h2", "h3"}
    everybody = left | {"h4", "h5", "h6", "h7"}
    assert incident("mass-revocation", "qbft").members("h0") == left
    for engine in ("clique", "ibft1", "aura"):
        assert incident("mass-revocation", engine).members("h0") == everybody
    gone_first = incident("mass-revocation-gone-first", "qbft")
    assert gone_first.members("h0") == everybody - {"h4"}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_f18_no_block_of_the_stranger_and_a_slow_limit(engine: str) -> None:
    played = incident("ropsten-2017", engine)
    flood, raised = played.results.faults
    assert flood.effects > 100
    assert raised.effects > 5
    height = played.results.chain.height
    assert height >= 20
    assert "stranger" not in {played.sealer("h0", number) for number in range(1, height + 1)}
    limits = [played.header("h0", number).gas_limit for number in range(height + 1)]
    moves = [abs(after - before) * 1024 < before for before, after in pairwise(limits)]
    assert all(moves)
    assert limits[-1] > limits[0]
