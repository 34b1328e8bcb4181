"""The shipped scenario of a lost store, and that its judges read disks."""

from pathlib import Path

import pytest

from node.ipfs_lite.cid import multihash_of
from node.sim.loader import load, resolve
from node.sim.runner import _Run
from node.sim.schema import expectations as wanted
from node.sim.storage_judges import storage_predicate
from tests.app.repairing import at, filed, keepers, lose, notes, root_of, where

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "lost-store.yaml"


@pytest.fixture(scope="module")
def lost() -> _Run:
    run = _Run(load(SCENARIO.read_text("utf-8"), SCENARIO.name), {}, lambda _event: None)
    run.play()
    return run


def test_the_scenario_holds(lost: _Run) -> None:
    found = lost.results({})
    assert [one.why for one in found.expectations if not one.holds] == []
    assert found.verdict == "valid"


def test_no_copy_is_made_before_the_grace_after_the_loss_is_over(lost: _Run) -> None:
    rot_us = 85 * 60 * 10**6  # what comes later heals what rotted
    made = [one for one in notes(lost, "store.copy_made") if one["t"] < rot_us]
    assert made
    assert all(75 * 60 * 10**6 <= one["t"] < 80 * 60 * 10**6 for one in made)


def test_the_rotten_manifest_is_healed(lost: _Run) -> None:
    key = multihash_of(root_of(lost, "visit-1"))
    healed = [one["v"]["multihash"] for one in notes(lost, "store.block_healed")]
    assert f"0x{key.hex()}" in healed


def test_the_results_say_that_repair_is_on(lost: _Run) -> None:
    nodes = lost.results({}).as_dict()["nodes"]
    assert {one["repair"]["is_on"] for one in nodes} == {True}
    assert all(one["repair"]["tracked"] >= 1 for one in nodes)


def test_without_repair_the_scenario_fails() -> None:
    scenario = load(SCENARIO.read_text("utf-8"), SCENARIO.name)
    run = _Run(resolve(scenario, {"storage.repair": "off"}), {}, lambda _event: None)
    run.play()
    found = run.results({})
    assert found.verdict == "invalid"
    assert {one["repair"]["is_on"] for one in found.as_dict()["nodes"]} == {False}


def judge(run, predicate):
    found = storage_predicate(run.world, run.book, predicate)
    assert found is not None
    return found


def copies(at_least=0, at_most=9):
    return wanted.Copies(name="copies", record="visit", at_least=at_least, at_most=at_most)


def test_copies_are_counted_on_the_disks_of_running_nodes() -> None:
    run = filed()
    assert judge(run, copies(3, 3)).state().holds
    run.world.stop_node(keepers(run)[0])
    assert judge(run, copies(2, 2)).state().holds


def test_a_copy_with_a_turned_bit_is_none_and_counting_does_not_mark_it() -> None:
    run = filed()
    name = keepers(run)[0]
    blocks = run.world.disks[name].blocks
    blocks.rot(multihash_of(root_of(run)), 0)
    assert judge(run, copies(2, 2)).state().holds
    assert blocks.bad() == ()


def test_disks_are_read_once_in_a_block_period() -> None:
    run = filed()
    found = judge(run, copies(3, 3))
    assert found.state().holds
    lose(run, where()[0][0])
    assert found.state().holds
    at(run, 63)
    assert not found.state().holds


def test_rot_of_public_blocks_is_told_and_rot_of_sealed_ones_is_not() -> None:
    run = filed()
    sound = wanted.StoresSound(name="stores_sound")
    assert judge(run, sound).state().holds
    blocks = run.world.disks["h0"].blocks
    sealed = next(key for key in blocks.multihashes() if blocks._rows[key].klass.value == "sealed")
    blocks.rot(sealed, 0)
    assert judge(run, sound).state().holds
    name = keepers(run)[0]
    run.world.disks[name].blocks.rot(multihash_of(root_of(run)), 0)
    assert judge(run, sound).state().why == f"public blocks rot at {name}"


def test_what_is_not_about_disks_is_for_others() -> None:
    run = filed()
    assert storage_predicate(run.world, run.book, wanted.HeadsAgree(name="heads_agree")) is None
