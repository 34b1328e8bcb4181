from dataclasses import replace
from itertools import pairwise

import pytest

from node.app.events import HeadMoved, Noted
from node.base.types import Hash32
from node.ipfs_lite.blocks import BlockClass
from node.sim import world as world_module
from node.sim.fabric import HANDSHAKE_TRIPS
from node.sim.facts import BlockStored, BytesSeen, HeadAt, ReceiptSigned
from node.sim.loader import load
from node.sim.world import MESSAGES_KEPT_MAX, World

TEXT = """\
wardnet: 1
name: x
run: {seed: SEED, until: 1m}
chain: {consensus: clique, fork_choice: eip3436, period: 1s, epoch: 30}
network: {validators: 4, link: home, nodes: {h3: {clock: {offset: 20ms, drift_ppm: 200}}}}
"""


def made(seed: int = 7, extra: str = "", seconds: int = 0) -> World:
    world = World(load(TEXT.replace("SEED", str(seed)) + extra, "x.yaml"))
    if seconds:
        world.start()
        world.kernel.run_until(seconds * 1_000_000)
    return world


@pytest.fixture(scope="module")
def ran() -> World:
    """Forty seconds, with every fact that was told."""
    world = made()
    world.facts = []  # type: ignore[attr-defined]
    world.listeners.append(world.facts.append)  # type: ignore[attr-defined]
    world.scanners.append(world.facts.append)  # type: ignore[attr-defined]
    world.start()
    world.kernel.run_until(40_000_000)
    return world


def test_four_nodes_share_one_genesis_and_grow_one_chain(ran: World) -> None:
    genesis = {core.ledger.genesis_hash for core in ran.nodes.values()}
    assert len(genesis) == 1
    common = min(core.ledger.head.number for core in ran.nodes.values()) - 2
    assert common >= 12
    assert len({core.ledger.hash_by_number(common) for core in ran.nodes.values()}) == 1


def test_every_node_seals(ran: World) -> None:
    assert set(ran.counters.sealed) == set(ran.nodes)


def test_the_chain_keeps_the_period_of_the_file(ran: World) -> None:
    ledger = ran.nodes["h0"].ledger
    times = [ledger.header_by_number(number).timestamp for number in range(ledger.head.number)]
    assert all(after - before >= 1 for before, after in pairwise(times))
    assert times[0] == ran.scenario.run.epoch_us // 1_000_000


def test_nobody_is_connected_before_four_trips(ran: World) -> None:
    """TCP and TLS take two round trips, so no frame is sent before."""
    shortest = min(link.spec.base_us for link in ran.fabric.links.values())
    assert ran.messages[0].sent_us >= HANDSHAKE_TRIPS * shortest


def test_a_frame_arrives_later_than_it_was_sent(ran: World) -> None:
    assert len(ran.messages) == MESSAGES_KEPT_MAX
    assert all(one.arrives_us > one.sent_us for one in ran.messages)
    assert all(one.source != one.target for one in ran.messages)


def test_frames_are_counted_beyond_those_that_are_kept(ran: World) -> None:
    assert ran.counters.frames > MESSAGES_KEPT_MAX
    seen = [one for one in ran.facts if isinstance(one, BytesSeen)]
    assert len(seen) == ran.counters.frames
    assert sum(len(one.data) for one in seen) == ran.counters.bytes


def test_checkers_hear_of_every_block_once_per_node(ran: World) -> None:
    stored = [(one.node, one.hash) for one in ran.facts if isinstance(one, BlockStored)]
    assert len(stored) == len(set(stored))
    for name, core in ran.nodes.items():
        known = {block_hash for node, block_hash in stored if node == name}
        chain = {core.ledger.hash_by_number(n) for n in range(1, core.ledger.head.number + 1)}
        assert chain <= known


def test_checkers_hear_of_the_head_that_a_node_has(ran: World) -> None:
    for name, core in ran.nodes.items():
        last = [one for one in ran.facts if isinstance(one, HeadAt) and one.node == name][-1]
        assert (last.hash, last.number) == (core.ledger.head_hash, core.ledger.head.number)


def test_when_each_node_stored_a_block_is_known(ran: World) -> None:
    block_hash = ran.nodes["h0"].ledger.hash_by_number(5)
    assert set(ran.stored_at[block_hash]) == set(ran.nodes)


def test_checks_run_once_at_an_instant_however_many_facts_there_are() -> None:
    world = made()
    runs = []
    world.on_change.append(lambda: runs.append(world.kernel.now))
    for number in range(5):
        world.tell(HeadAt("h0", Hash32(bytes(32)), number))
    world.kernel.run_until(0)
    assert runs == [0]
    world.tell(HeadAt("h0", Hash32(bytes(32)), 9))
    world.kernel.run_until(0)
    assert runs == [0, 0]


def test_after_settling_all_nodes_have_one_head_and_nobody_seals() -> None:
    world = made(seconds=15)
    world.settle()
    heads = {core.ledger.head_hash for core in world.nodes.values()}
    assert len(heads) == 1
    sealed = dict(world.counters.sealed)
    world.kernel.run_until(world.kernel.now + 20_000_000)
    assert world.counters.sealed == sealed


def test_the_last_look_shows_all_blocks_stores_and_the_history() -> None:
    world = made(seconds=5)
    world.nodes["h1"].store.add(_Quiet(), b"sealed bytes", BlockClass.SEALED)
    seen = []
    world.scanners.append(seen.append)
    world.tell_stores()
    where = [one.where for one in seen]
    for name, core in world.nodes.items():
        assert where.count(f"block 0 of {name}") == 1
        assert f"block {core.ledger.head.number} of {name}" in where
    (stored,) = [one for one in seen if "in the store of h1" in one.where]
    assert stored.data == b"sealed bytes"
    assert where[-1] == "the history"


class _Quiet:
    """A turn whose effects nobody executes."""

    now = 0

    def __getattr__(self, name: str):
        return lambda *_, **__: None


def test_a_damaged_store_does_not_stop_the_last_look() -> None:
    world = made()
    core = world.nodes["h1"]
    cid = core.store.add(_Quiet(), b"sealed bytes", BlockClass.SEALED)
    row = core.store.store._rows[cid[2:]]
    row.data = b"other bytes"
    seen = []
    world.scanners.append(seen.append)
    world.tell_stores()
    assert seen[-1].where == "the history"
    (line,) = world.history.as_dicts()
    assert (line["p"], line["f"]) == ("h1", "store.block_corrupt")
    assert not any("store of h1" in one.where for one in seen if isinstance(one, BytesSeen))


def test_a_move_to_another_branch_is_counted_and_told() -> None:
    world = made()
    header = world.nodes["h0"].ledger.head
    world.head_moved("h0", HeadMoved(header, header.hash(), 3, 0))
    world.head_moved("h0", HeadMoved(header, header.hash(), 1, 0))
    assert (world.counters.reorgs, world.counters.deepest_reorg) == (2, 3)
    lines = world.history.as_dicts()
    assert [(one["e"], one["f"], one["v"]["depth"]) for one in lines] == [
        ("head", "reorg", 3),
        ("head", "reorg", 1),
    ]


def test_a_longer_chain_is_no_reorganisation() -> None:
    world = made()
    header = world.nodes["h0"].ledger.head
    world.head_moved("h0", HeadMoved(header, header.hash(), 0, 0))
    assert (world.counters.reorgs, len(world.history)) == (0, 0)


def test_a_signed_receipt_is_kept_and_told() -> None:
    world = made()
    told = []
    world.listeners.append(told.append)
    world.noted("h2", Noted("custody.receipt_signed", {"receipt": b"r" * 297, "status": "X"}))
    assert world.receipts == [b"r" * 297]
    assert told == [ReceiptSigned("h2", b"r" * 297)]


@pytest.mark.parametrize("name", sorted(world_module.NOTES_KEPT))
def test_a_note_that_matters_stands_in_the_history_as_hex(name: str) -> None:
    world = made()
    evidence = {"offender": b"\x02", "kind": "double_seal", "proof": b"\x03"}
    world.noted("h1", Noted(name, {"receipt": b"\x01", "why": "text", "number": 3, **evidence}))
    (line,) = world.history.as_dicts()
    assert (line["p"], line["f"]) == ("h1", name)
    assert line["e"] == ("evidence" if name == "consensus.evidence" else "note")
    shown = {"offender": "0x02", "kind": "double_seal", "proof": "0x03"}
    assert line["v"] == {"receipt": "0x01", "why": "text", "number": 3, **shown}


def test_a_note_of_daily_life_stands_in_no_history() -> None:
    world = made()
    world.noted("h1", Noted("gossip.block_pushed", {}))
    assert len(world.history) == 0


def test_equal_seeds_make_equal_runs_and_others_do_not() -> None:
    first, again, other = made(seconds=8), made(seconds=8), made(seed=8, seconds=8)
    assert first.trace.digest() == again.trace.digest()
    assert first.trace.digest() != other.trace.digest()


def test_watching_does_not_change_a_run() -> None:
    watched = made()
    watched.listeners.append(lambda _fact: None)
    watched.start()
    watched.kernel.run_until(8_000_000)
    assert watched.trace.digest() == made(seconds=8).trace.digest()


def test_clocks_and_processors_are_those_of_the_file() -> None:
    extra = TEXT.replace("SEED", "7").replace(
        "drift_ppm: 200}}", "drift_ppm: 200}, cpu: {message: 2ms}}"
    )
    world = World(load(extra, "x.yaml"))
    clock = world.hosts["h3"].clock
    assert (clock.offset_us, clock.drift_ppm) == (20_000, 200)
    assert world.hosts["h0"].clock == replace(clock, offset_us=0, drift_ppm=0)
    assert world.hosts["h3"]._cpu.message_us == 2_000
    assert world.hosts["h0"]._cpu.message_us == 30


def test_a_hospital_that_registers_later_validates_but_is_not_verified() -> None:
    world = made(extra="steps: [{do: register_hospital, hospital: h3}]\n")
    contracts, ledger = world.cast.ward.contracts, world.nodes["h0"].ledger
    account = world.cast.hospitals["h3"].signer.address

    def ask(question):
        return question.decode(ledger.call(question.to, question.data))

    assert not ask(contracts.hospitals.hospital(account)).is_verified
    assert account in ask(contracts.government.get_validators())
    assert ask(contracts.hospitals.hospital_count()) == 3


@pytest.mark.parametrize(("validators", "least"), [(1, 1), (2, 1), (4, 3), (5, 4), (6, 4)])
def test_the_set_of_validators_keeps_a_minimum(validators: int, least: int) -> None:
    text = TEXT.replace("SEED", "7").replace("validators: 4", f"validators: {validators}")
    sharing = "records: {sharing: {t: 2, n: 2}}\n"
    world = World(
        load(
            text.replace(", nodes: {h3: {clock: {offset: 20ms, drift_ppm: 200}}}", "") + sharing,
            "x.yaml",
        )
    )
    government = world.cast.ward.contracts.government
    question = government.min_validators()
    call = world.nodes["h0"].ledger.call(question.to, question.data)
    assert question.decode(call) == least
