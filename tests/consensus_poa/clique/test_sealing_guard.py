"""What a validator never signs, also after a restart."""

from dataclasses import replace

import pytest

from node.base.header import Header
from node.base.keys import PrivateKey
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    ImportBlock,
    ReportEvidence,
    ScheduleTimer,
    SetHead,
    ValidateBlock,
)
from node.consensus_poa.events import (
    BlockReceived,
    BlockValidated,
    NewChainHead,
    TimerId,
    TimerKind,
)
from node.consensus_poa.wal import WalEntry
from tests.consensus_poa.chains import (
    block,
    of_type,
    rules,
)
from tests.consensus_poa.clique.benches import KEYS, TURN, SealerBench, abstains

# -- the sign guard ---------------------------------------------------------------------------


def sealed(bench: SealerBench) -> tuple[bytes, Header]:
    """Let a bench seal; give its log entry and the sealed header."""
    effects = bench.answer(bench.request(bench.start()))
    (logged,) = of_type(effects, AppendWal)
    (imported,) = of_type(effects, ImportBlock)
    assert isinstance(logged, AppendWal)
    assert isinstance(imported, ImportBlock)
    return logged.entry, imported.block.header


def test_a_restart_builds_no_second_block_on_that_parent() -> None:
    entry, _ = sealed(SealerBench(1))
    bench = SealerBench(1)
    bench.now = TURN
    effects = bench.start(entry)
    assert abstains(effects) == "sealed_before"
    assert of_type(effects, ScheduleTimer) == []


def test_a_restart_with_a_clock_that_lies_behind_parks_the_own_block() -> None:
    entry, header = sealed(SealerBench(1))
    bench = SealerBench(1)
    assert bench.now < TURN
    timer = bench.armed(bench.start(entry))
    assert timer == ScheduleTimer(TimerId(TimerKind.FUTURE, 0), header.timestamp * 10**6)


def test_the_restored_block_becomes_the_head_byte_for_byte() -> None:
    entry, header = sealed(SealerBench(1))
    bench = SealerBench(1)
    bench.now = TURN
    effects = bench.start(entry)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(header))]
    effects = bench.engine.handle(BlockValidated(header.hash(), None), bench.now)
    assert of_type(effects, SetHead) == [SetHead(header.hash(), 0)]
    assert of_type(effects, BroadcastBlock) == [BroadcastBlock(block(header), None)]


def test_a_guard_does_not_bind_on_another_parent() -> None:
    entry, _ = sealed(SealerBench(1))
    bench = SealerBench(1, height=4)
    effects = bench.start(entry)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 5)


def test_a_restored_snapshot_of_the_engine_keeps_the_guard() -> None:
    bench = SealerBench(1)
    sealed(bench)
    again = bench.forge.engine(bench.key)
    again.restore(bench.engine.snapshot())
    effects = again.handle(NewChainHead(bench.head), bench.now)
    assert abstains(effects) == "sealed_before"


def foreign(kind: str, entry: bytes, signer: PrivateKey) -> bytes:
    read = WalEntry.decode(entry)
    return {
        "genesis": replace(read, genesis=bytes(32)).encode(),  # type: ignore[arg-type]
        "key": replace(read, author=signer.address).encode(),
        "kind": replace(read, kind="note").encode(),
        "payload": replace(read, payload=b"\x01").encode(),
        "bytes": entry[:-1],
    }[kind]


@pytest.mark.parametrize("kind", ["genesis", "key", "kind", "payload", "bytes"])
def test_a_log_that_cannot_be_trusted_makes_an_observer(kind: str) -> None:
    """Without its guards the validator could seal a second child of one parent."""
    entry, _ = sealed(SealerBench(1))
    bench = SealerBench(1)
    effects = bench.start(foreign(kind, entry, KEYS[2]))
    assert rules(effects)[1] == "Clique.WalRefused"
    assert abstains(effects) == "wal_refused"
    assert of_type(effects, ScheduleTimer) == []


def test_an_observer_reads_any_log() -> None:
    entry, _ = sealed(SealerBench(1))
    bench = SealerBench(1)
    bench.engine = bench.forge.engine()
    assert rules(bench.start(entry)) == ["Clique.Started"]


def test_a_second_block_by_the_own_key_elsewhere_is_reported() -> None:
    """Somebody else runs with this key."""
    bench = SealerBench(1)
    _, header = sealed(bench)
    bench.forge.chain.add(header)
    clone = bench.forge.seal(bench.head, bench.key, gas_used=1)
    effects = bench.engine.handle(BlockReceived(block(clone), None, None), bench.now)
    (evidence,) = of_type(effects, ReportEvidence)
    assert isinstance(evidence, ReportEvidence)
    assert (evidence.offender, evidence.kind) == (bench.key.address, "double_seal")
