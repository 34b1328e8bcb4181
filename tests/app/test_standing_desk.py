"""A hospital's licence ends in consensus, at its peers and at the certificate authority alike."""

import json

import pytest

from node.sim.loader import load
from node.sim.runner import _Run

TEXT = """\
wardnet: 1
name: standing
run: {until: 60s}
chain: {consensus: ENGINE, period: 1s, fork_choice: eip3436}
network: {validators: 5}
steps:
STEPS
"""


def played(engine: str, *steps: str) -> _Run:
    lines = "\n".join(f"  - {{{step}}}" for step in steps)
    text = TEXT.replace("ENGINE", engine).replace("STEPS", lines)
    run = _Run(load(text, "standing.yaml"), {}, lambda _event: None)
    run.play()
    return run


def changes(run: _Run, node: str) -> list[dict]:
    lines = map(json.loads, run.world.history.text().splitlines())
    return [
        line["v"] for line in lines if line["f"] == "p2p.standing_changed" and line["p"] == node
    ]


@pytest.mark.parametrize("engine", ["qbft", "clique", "aura", "ibft1"])
def test_a_revoked_hospital_leaves_the_set_and_its_connections_end(engine: str) -> None:
    run = played(engine, "do: revoke_hospital, id: gone, hospital: h4")
    world = run.world
    gone, core = world.addresses["h4"], world.nodes["h0"]
    assert gone not in core.chain.validators
    last = changes(run, "h0")[-1]
    assert last["peer"] == f"0x{gone.hex()}"
    assert (last["standing"], last["certificate"]) == ("closed", "privilegeWithdrawn")
    assert gone not in core.peers._connected
    assert not core.standings.is_admitted(gone)


def test_the_network_goes_on_without_the_revoked_one() -> None:
    run = played("qbft", "do: revoke_hospital, id: gone, hospital: h4")
    heights = {name: core.ledger.head.number for name, core in run.world.nodes.items()}
    assert heights["h0"] > 40
    assert heights["h4"] < heights["h0"]


def test_a_suspended_hospital_becomes_an_observer_and_comes_back() -> None:
    run = played(
        "qbft",
        "do: suspend_hospital, id: held, hospital: h4",
        "do: lift_suspension, id: lifted, hospital: h4",
    )
    told = [(one["standing"], one["certificate"]) for one in changes(run, "h0")]
    assert told[-2:] == [("observer", "certificateHold"), ("observer", "good")]
    gone = run.world.addresses["h4"]
    core = run.world.nodes["h0"]
    assert core.standings.is_admitted(gone)
    assert run.world.nodes["h4"].ledger.head.number == core.ledger.head.number


def test_a_licence_that_goes_on_changes_nobodys_standing() -> None:
    run = played("qbft", "do: set_licence, id: one, hospital: h1")
    assert changes(run, "h0") == []


@pytest.mark.parametrize("engine", ["qbft", "clique", "aura", "ibft1"])
def test_an_observer_that_no_registry_knows_keeps_its_peers(engine: str) -> None:
    text = TEXT.replace("ENGINE", engine).replace("steps:\nSTEPS\n", "")
    text = text.replace("validators: 5", "validators: 4, nodes: {o1: {role: observer}}")
    run = _Run(load(text.replace("60s", "20s"), "standing.yaml"), {}, lambda _event: None)
    run.play()
    nodes = run.world.nodes
    assert nodes["h0"].standings.is_admitted(run.world.addresses["o1"])
    assert nodes["o1"].ledger.head.number >= nodes["h0"].ledger.head.number - 1 >= 15
