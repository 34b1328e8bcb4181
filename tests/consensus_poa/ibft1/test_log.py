"""What a validator writes down before it speaks."""

import pytest

from node.base import codec
from node.base.errors import CodecError
from node.base.types import ZERO_HASH, Hash32
from node.consensus_poa.effects import AppendWal, Effect, Multicast
from node.consensus_poa.ibft1.log import Log, prune_wal
from node.consensus_poa.ibft1.messages import COMMIT, PREPARE, ROUND_CHANGE
from node.consensus_poa.ibft1.state import Ibft1State
from node.consensus_poa.wal import ForeignLogError, WalEntry
from tests.consensus_poa.chains import rules
from tests.consensus_poa.ibft1.chains import Forge
from tests.consensus_poa.ibft1.cluster import Cluster

FORGE = Forge()
A, B = Hash32(b"\x0a" * 32), Hash32(b"\x0b" * 32)


def log() -> tuple[Log, Ibft1State]:
    state = Ibft1State(head=FORGE.genesis)
    return Log(state, FORGE.chain, FORGE.keys[0]), state


def entries(effects: list[Effect]) -> tuple[bytes, ...]:
    return tuple(effect.entry for effect in effects if isinstance(effect, AppendWal))


def test_a_message_is_logged_before_it_is_sent() -> None:
    out: list[Effect] = []
    log()[0].send(PREPARE, 0, A, None, out)
    assert [type(effect) for effect in out] == [AppendWal, Multicast]


def test_the_same_message_again_is_the_same_bytes_and_no_new_entry() -> None:
    writer, _ = log()
    out: list[Effect] = []
    assert writer.send(PREPARE, 0, A, None, out) == writer.send(PREPARE, 0, A, None, out)
    assert [type(effect) for effect in out] == [AppendWal, Multicast, Multicast]


def test_another_digest_in_one_slot_is_never_signed() -> None:
    writer, _ = log()
    out: list[Effect] = []
    writer.send(COMMIT, 2, A, None, out)
    del out[:]
    assert writer.send(COMMIT, 2, B, None, out) is None
    assert rules(out) == ["IBFT1.SignRefused"]
    assert writer.send(COMMIT, 3, B, None, out) is not None


@pytest.mark.parametrize("flag", ["is_observer", "is_halted", "is_paused"])
def test_who_may_not_sign_does_not(flag: str) -> None:
    writer, state = log()
    setattr(state, flag, True)
    out: list[Effect] = []
    assert writer.send(PREPARE, 0, A, None, out) is None
    assert out == []


def test_a_refused_log_is_left_as_it_was_found() -> None:
    writer, state = log()
    state.is_observer = True
    out: list[Effect] = []
    writer.note_round(out)
    assert out == []


def test_replay_gives_the_records_of_the_height_alone() -> None:
    writer, state = log()
    out: list[Effect] = []
    raw = writer.send(PREPARE, 1, A, None, out)
    writer.note_round(out)
    state.head = FORGE.propose(FORGE.genesis, FORGE.keys[0]).header
    assert writer.replay(entries(out)) == ()
    state.head = FORGE.genesis
    sent, moved = writer.replay(entries(out))
    assert (sent.round, sent.code, sent.digest, sent.data) == (1, PREPARE, A, raw)
    assert (moved.kind, moved.height, moved.round) == ("round", 1, 0)


def test_a_log_of_another_key_or_chain_is_refused() -> None:
    writer, _ = log()
    genesis = FORGE.genesis.hash()
    own, other = FORGE.keys[0].address, FORGE.keys[1].address
    payload = codec.pack([1, 0])
    with pytest.raises(ForeignLogError, match="key"):
        writer.replay([WalEntry("round", genesis, other, payload).encode()])
    with pytest.raises(ForeignLogError, match="genesis"):
        writer.replay([WalEntry("round", ZERO_HASH, own, payload).encode()])
    for kind, wrong in (("round", codec.pack([1])), ("sent", payload), ("other", payload)):
        with pytest.raises(CodecError):
            writer.replay([WalEntry(kind, genesis, own, wrong).encode()])


def test_pruning_keeps_the_height_under_way_its_last_rounds_and_lock() -> None:
    writer, state = log()
    block = FORGE.propose(FORGE.genesis, FORGE.keys[0])
    out: list[Effect] = []
    writer.note_lock(block, out)
    for number in range(30):
        state.round = number
        writer.note_round(out)
        writer.send(ROUND_CHANGE, number, ZERO_HASH, None, out)
    kept = prune_wal(entries(out), 0)
    records = writer.replay(kept)
    assert [record.kind for record in records].count("lock") == 1
    assert {record.round for record in records if record.kind != "lock"} == set(range(21, 30))
    assert prune_wal(kept, 0) == kept
    assert prune_wal(kept, 1) == ()


def test_a_log_that_cannot_be_read_is_not_pruned() -> None:
    with pytest.raises(CodecError):
        prune_wal([b"\xff"], 0)


def test_a_run_with_a_pruned_log_restarts_as_well() -> None:
    net = Cluster()
    net.run(22)
    member = net.members[1]
    kept = prune_wal(member.wal, member.head().number)
    assert len(kept) < len(member.wal)
    net.crash(1)
    member.wal = list(kept)
    net.restart(1)
    net.run(40)
    assert len(set(net.heights())) == 1
    assert net.heights()[0] >= 8
