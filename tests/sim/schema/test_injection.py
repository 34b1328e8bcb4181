"""faults and chaos: each kind, its parameters and its bounds."""

import pytest

from node.sim.schema.injection import FAULT_MODELS, is_engine_fault
from node.sim.schema.scenario import Scenario
from tests.sim.schema.texts import HEAD, lines, scenario

AT = "id: f, at: 1s, "


def _fault(text: str):
    return scenario(HEAD + f"faults: [{{{text}}}]\n").faults[0]


def _lines(text: str) -> list[str]:
    return lines(HEAD + f"faults: [{{{text}}}]\n")


def test_built_kinds_are_those_of_this_version() -> None:
    assert sorted(FAULT_MODELS) == [
        *(
            "always_round_change",
            "amnesia",
            "bad_seal",
            "bit_rot",
            "censor",
            "clock_drift",
            "clock_offset",
        ),
        *("clock_step", "clog", "clone_key", "corrupt_share", "crash", "custody_stolen"),
        *("disconnect", "equivocate_proposal", "equivocate_vote", "essential_lost"),
        *("essential_stolen", "flood", "isolate", "late_join", "latency", "loss", "out_of_turn"),
        *("own_clock", "partition", "partition_oneway", "pause", "planted_bug"),
        *("raise_gas_limit", "replay_votes", "rogue_custodian", "rolling_restart", "silent"),
        *("wipe", "withhold_block", "withhold_share"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "do: partition, lasting: 1s, groups: [[h0, h1], [h2]]",
        "do: partition, lasting: 1s, shape: halves",
        "do: partition_oneway, from: h0, to: all",
        "do: isolate, nodes: random(2), repeat: {every: 5s, count: 3}, lasting: 1s",
        "do: latency, add: 5ms, jitter: 1ms, links: all",
        "do: loss, p: 0.2, links: [[h0, h1]]",
        "do: clog, links: h0",
        "do: disconnect",
        "do: crash, nodes: not(h0)",
        "do: rolling_restart, nodes: all, gap: 1s, down: 1s",
        "do: pause, nodes: [h0, h1]",
        "do: late_join, nodes: h3",
        "do: clock_offset, nodes: h0, by: -5m",
        "do: clock_drift, nodes: h0, ppm: -200",
        "do: clock_step, nodes: h0, by: 5m",
        *(f"do: {kind}, nodes: proposer" for kind, model in FAULT_MODELS.items()
          if kind not in ("flood", "censor", "planted_bug")
          and is_engine_fault(model.model_construct())),
        "do: flood, nodes: h0, blocks: 2",
        "do: censor, nodes: h0, sender: h1",
        "do: clone_key, nodes: h0, lasting: 5s",
        "do: wipe, nodes: h0, of: custody",
        "do: planted_bug, nodes: [h0, h1], bug: recents_lost_at_epoch",
        "do: planted_bug, nodes: h0, bug: underflow_near_genesis, lasting: 5s",
    ],
)  # fmt: skip
def test_a_fault_is_read(text: str) -> None:
    fault = _fault(AT + text)
    assert (fault.id, fault.at.delay_us, fault.line) == ("f", 1_000_000, 3)


def test_moments_of_a_fault() -> None:
    assert _fault("do: disconnect, at: {block: 12}").at.block == 12
    step = "steps: [{do: register_hospital, id: r, hospital: h0}]\n"
    found = scenario(HEAD + step + "faults: [{do: disconnect, at: {after: r, delay: 5s}}]\n")
    assert (found.faults[0].at.after, found.faults[0].at.delay_us) == ("r", 5_000_000)


def test_a_fault_without_an_id_gets_one_of_its_kind() -> None:
    text = "faults: [{do: disconnect, at: 1s}, {do: disconnect, at: 2s}]\n"
    assert [one.id for one in scenario(HEAD + text).faults] == ["disconnect-1", "disconnect-2"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("do: crahs, at: 1s, nodes: h0",
         ['3:11 faults[0].do: unknown fault "crahs"; did you mean crash?']),
        ("at: 1s, nodes: h0", ["3:11 faults[0].do: wants this key, got nothing"]),
        ("do: crash, nodes: h0", ["3:11 faults[0].at: wants this key, got nothing"]),
        ("do: crash, at: 1s, nodez: h0", [
            "3:11 faults[0].nodes: wants this key, got nothing",
            '3:30 faults[0].nodez: unknown key "nodez"; did you mean nodes?']),
        ("do: crash, at: 1s, nodes: h9",
         ['3:30 faults[0].nodes: wants a node, got "h9"; there are h0, h1, h2, h3']),
        ("do: partition, at: 1s, groups: [[h0], [h1, h8]]",
         ['3:54 faults[0].groups[1][1]: wants a node, got "h8"; there are h0, h1, h2, h3']),
        ("do: disconnect, at: 1s, lasting: 2s",
         [("3:35 faults[0].lasting: wants no such key: this fault happens at one instant, "
          'got "2s"')]),
        ("do: crash, at: 3m, nodes: h0",
         [("3:22 faults[0].at: wants a time before the end of the run at 2m, "
          "got 3m at the earliest")]),
        ("do: crash, at: {block: 2, after: x}, nodes: h0",
         ["3:22 faults[0].at: wants either after: a step, or block: a number, got a mapping",
          '3:37 faults[0].at.after: wants the id of a step, got "x"; there are none']),
        ("do: crash, at: {delay: 2s}, nodes: h0", None),
        ("do: crash, at: 1s, nodes: h0, repeat: {every: 2s, count: 2}",
         ["3:41 faults[0].repeat: wants lasting beside repeat, got a fault without an end"]),
        ("do: crash, at: 1s, nodes: h0, lasting: 3s, repeat: {every: 2s, count: 2}",
         ["3:63 faults[0].repeat.every: wants a time longer than lasting, 3s, got 2s"]),
        ("do: partition, at: 1s",
         ["3:11 faults[0].do: wants groups, or shape: halves or random, got neither"]),
        ("do: partition, at: 1s, shape: halves, groups: [[h0], [h1]]",
         ["3:49 faults[0].groups: wants no groups beside shape: halves, got both"]),
        ("do: partition, at: 1s, groups: [[h0, h1], [h1]]",
         ['3:54 faults[0].groups[1][0]: wants each node once, got "h1" again']),
        ("do: crash, at: 1s, nodes: random(5)",
         ["3:30 faults[0].nodes: wants at most 4 nodes, got random(5)"]),
        ("do: late_join, at: 1s, nodes: random(1)",
         ['3:34 faults[0].nodes: wants a node, or a list of nodes, got "random(1)"']),
        ("do: clone_key, at: 1s, nodes: h0-clone", None),
        ("do: loss, at: 1s, p: 2", ["3:29 faults[0].p: wants a probability from 0 to 1, got 2"]),
        ("do: crash, at: {after: nobody}, nodes: h0", None),
        ("do: censor, at: 1s, nodes: h0, sender: nobody",
         [('3:42 faults[0].sender: wants a node or an actor, got "nobody"; there are h0, h1, '
          "h2, h3, reg-1, reg-2, reg-3")]),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is(text: str, told: list[str] | None) -> None:
    found = _lines(text)
    assert len(found) == (1 if told is None else len(told))
    assert told is None or found == told


def test_a_name_of_a_clone_is_known_where_there_is_one() -> None:
    clone = "{do: clone_key, at: 1s, nodes: h0}"
    split = "{do: partition, at: 1s, groups: [[h0], [h1, h0-clone]]}"
    assert lines(HEAD + f"faults: [{clone}, {split}]\n") == []
    assert len(lines(HEAD + f"faults: [{split}]\n")) == 1


def test_an_id_of_a_fault_is_its_own() -> None:
    one = "{do: disconnect, id: f, at: 1s}"
    assert len(lines(HEAD + f"faults: [{one}, {one}]\n")) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("families: [net], until: 2m",
         "3:26 chaos.until: wants a time before the end of the run at 2m, got 2m"),
        ("families: [net, net], until: 1m",
         '3:25 chaos.families[1]: wants each family once, got "net" again'),
        ("families: [storage], until: 1m",
         '3:20 chaos.families[0]: wants one of net, process, clock, byzantine, got "storage"'),
        ("families: [net]", "3:9 chaos.until: wants this key, got nothing"),
    ],
)  # fmt: skip
def test_a_mistake_in_chaos_is_told(text: str, told: str) -> None:
    assert lines(HEAD + f"chaos: {{{text}}}\n") == [told]


def test_roles_of_nodes() -> None:
    found = scenario(HEAD + "network: {nodes: {o1: {role: observer}, h0: {verify: true}}}\n")
    assert found.network.extras == ("o1",)
    assert len(lines(HEAD + "network: {nodes: {h0: {role: observer}}}\n")) == 1
    assert len(lines(HEAD + "network: {nodes: {x1: {verify: true}}}\n")) == 1


def test_the_json_schema_knows_faults_and_chaos() -> None:
    schema = Scenario.model_json_schema(by_alias=True)
    assert {"faults", "chaos"} <= set(schema["properties"])
    mapping = schema["properties"]["faults"]["items"]["discriminator"]["mapping"]
    assert sorted(mapping) == sorted(FAULT_MODELS)
    assert "lasting" in schema["$defs"]["Crash"]["properties"]
    assert "from" in schema["$defs"]["PartitionOneway"]["properties"]


def test_a_planted_bug_is_one_of_those_that_are_known_and_its_nodes_are_named() -> None:
    (unknown,) = _lines(AT + "do: planted_bug, nodes: h0, bug: off_by_one")
    assert "faults[0].bug" in unknown
    (drawn,) = _lines(AT + "do: planted_bug, nodes: all, bug: recents_lost_at_epoch")
    assert "faults[0].nodes: wants a node, or a list of nodes" in drawn
