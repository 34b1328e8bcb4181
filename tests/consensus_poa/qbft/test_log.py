import pytest

from node.base.errors import CodecError
from node.base.types import ZERO_HASH, Address
from node.consensus_poa.qbft import log
from node.consensus_poa.qbft.messages import COMMIT, PREPARE, ROUND_CHANGE
from node.consensus_poa.qbft.state import Prepared
from node.consensus_poa.wal import ForeignLogError, WalEntry
from tests.consensus_poa.qbft.solo import Solo, opened

SOLO = Solo()
OWN = SOLO.keys[0].address
VOTES = tuple(opened(SOLO.prepare(i, SOLO.digest(SOLO.block()))) for i in range(3))
PREPARED = Prepared(0, SOLO.candidate(SOLO.block()), VOTES)


def entry(kind: str, payload: bytes) -> bytes:
    return WalEntry(kind, ZERO_HASH, OWN, payload).encode()


def sent(height: int, round_: int, code: int) -> bytes:
    message = b"message %d %d" % (round_, code)
    return entry(log.SENT, log.sent_payload(height, round_, code, message))


def in_round(height: int, round_: int) -> bytes:
    return entry(log.ROUND, log.round_payload(height, round_))


def certificate(height: int) -> bytes:
    return entry(log.PREPARED, log.prepared_payload(height, PREPARED))


def test_the_log_of_a_height_is_read_back() -> None:
    entries = [sent(4, 0, PREPARE), sent(5, 0, PREPARE), certificate(5), in_round(5, 3)]
    found = log.recover(entries, ZERO_HASH, OWN, 5)
    assert found.round == 3
    assert [line.message for line in found.sent] == [b"message 0 %d" % PREPARE]
    assert found.prepared is not None
    assert found.prepared.block == PREPARED.candidate.block
    assert found.prepared.prepares == tuple(v.raw for v in VOTES)


def test_a_log_of_another_key_or_chain_is_refused() -> None:
    with pytest.raises(ForeignLogError):
        log.recover([in_round(5, 1)], ZERO_HASH, Address(b"\1" * 20), 5)
    with pytest.raises(ForeignLogError):
        log.recover([in_round(5, 1)], SOLO.chain.head, OWN, 5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        entry("seal", b"\xc0"),
        entry(log.ROUND, b"\xc1\x05"),
        entry(log.ROUND, b"\xc2\x05\xc0"),
        entry(log.SENT, b"\xc4\x05\x01\x13\xc0"),
        entry(log.PREPARED, b"\xc4\x05\x01\x80\x80"),
        entry(log.PREPARED, b"\xc4\x05\x01\x80\xc0"),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        log.recover([data], ZERO_HASH, OWN, 5)


def test_pruning_keeps_what_a_restart_needs_and_nothing_below_the_head() -> None:
    entries = [sent(4, 0, PREPARE), sent(5, 0, COMMIT), sent(6, 0, PREPARE), certificate(6)]
    for round_ in range(1, 100):
        entries += [in_round(6, round_), sent(6, round_, ROUND_CHANGE)]
    entries.append(sent(6, 99, PREPARE))
    kept = log.prune_wal(entries, 5)
    assert kept == (
        *(sent(5, 0, COMMIT), certificate(6), in_round(6, 99)),
        *(sent(6, 99, ROUND_CHANGE), sent(6, 99, PREPARE)),
    )
    for height in (5, 6):
        before = log.recover(entries, ZERO_HASH, OWN, height)
        after = log.recover(kept, ZERO_HASH, OWN, height)
        assert (before.round, before.prepared) == (after.round, after.prepared)
        assert [x for x in before.sent if x.round == before.round] == after.sent


def test_the_last_round_change_stays_when_a_higher_round_began_without_one() -> None:
    entries = [sent(6, 2, ROUND_CHANGE), in_round(6, 7)]
    assert log.prune_wal(entries, 5) == tuple(entries)
