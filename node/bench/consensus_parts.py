"""The parts of consensus that are measured alone (consensus.md section 14).

Each part prepares its work outside the clock and checks that the work was done: a header that is
refused quickly would be a fine figure otherwise.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import coincurve
import rlp as pyrlp

from node.base import rlp
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey, address_of, recover
from node.base.rng import TreeEntropy
from node.base.types import MICROS_PER_SECOND, ZERO_ADDRESS
from node.bench import sealed
from node.bench.errors import CandidateFaultError
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.snapshot import Refused, genesis_snapshot
from node.consensus_poa.effects import ImportBlock, ValidateBlock
from node.consensus_poa.events import BlockValidated, Event, MessageReceived, Start
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.memo import Memo
from node.consensus_poa.qbft.engine import QbftEngine
from node.consensus_poa.qbft.header import QbftForm
from node.evm.pyevm_clique import PyEvmClique

Run = Callable[[], tuple[int, int]]
"""Does the work once: (operations, CPU nanoseconds)."""

_HEADERS: Final = 200
_PASSES: Final = 20
_SNAPSHOTS: Final = 20_000
_ENCODINGS: Final = 5_000
_SIGNATURES: Final = 300
_LARGE: Final = 21
_SMALL: Final = 4
_NO_VOTE: Final = bytes(8)
_WITHIN: Final = 1 / 1.2
_NOW_US: Final = (sealed.GENESIS_S + sealed.PERIOD_S) * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Part:
    """One row: what is done, and beside what."""

    name: str
    run: Run
    target: str = ""
    """In words, as the specification has it."""
    rate_min: float = 0.0
    """Operations per CPU second that are wanted; 0: none."""
    peer: str = ""
    """Name of the part that does the same with other code."""
    ratio_min: float = 0.0
    """How many times as fast as the peer it should be."""


def parts() -> list[Part]:
    """Give all parts, each before its peer."""
    return [*_header_parts(), *_message_parts(), *_codec_parts(), *_signature_parts()]


def timed(count: int, work: Callable[[], object]) -> tuple[int, int]:
    """Do something ``count`` times."""
    start = time.process_time_ns()
    for _ in range(count):
        work()
    return count, time.process_time_ns() - start


def _header_parts() -> list[Part]:
    keys = sealed.signers(_SMALL)
    clique = [header.encode() for header in sealed.clique_chain(keys, _HEADERS)]
    qbft = _qbft_chain(keys)
    return [
        Part(
            "Clique header, all checks, n = 4",
            lambda: _clique_headers(clique),
            ">= 10,000/s, >= 3x py-evm",
            rate_min=10_000,
            peer="py-evm's Clique",
            ratio_min=3.0,
        ),
        Part("py-evm's Clique", lambda: _pyevm_headers(clique)),
        Part(
            "QBFT header, 3 seals of n = 4",
            lambda: _qbft_headers(keys, qbft),
            ">= 3,500/s",
            rate_min=3_500,
        ),
    ]


def _message_parts() -> list[Part]:
    room = _Room(sealed.signers(_LARGE))
    return [
        Part(
            "handle() of votes from bytes, n = 21",
            lambda: room.votes(shared=None),
            ">= 8,000/s",
            rate_min=8_000,
        ),
        Part(
            "handle() of votes, memo, n = 21",
            lambda: room.votes(shared=room.opened()),
            ">= 60,000/s",
            rate_min=60_000,
        ),
        Part("Snapshot.apply, n = 21", _snapshots, ">= 300,000/s", rate_min=300_000),
        Part(
            "snapshot() + state hash, n = 21",
            lambda: timed(_PASSES, room.state_hash),
            "<= 300 us",
            rate_min=1e6 / 300,
        ),
    ]


def _codec_parts() -> list[Part]:
    [_, header] = sealed.clique_chain(sealed.signers(_SMALL), 1)
    items = header.items()

    def theirs() -> object:
        encoded: object = pyrlp.encode(items)
        return encoded

    assert theirs() == rlp.encode(items)
    return [
        Part(
            "header RLP encode",
            lambda: timed(_ENCODINGS, lambda: rlp.encode(items)),
            "<= 5 us",
            rate_min=200_000,
            peer="pyrlp encode",
        ),
        Part("pyrlp encode", lambda: timed(_ENCODINGS, theirs)),
    ]


def _signature_parts() -> list[Part]:
    digest, secret = keccak256(b"wardnet/bench"), bytes(keccak256(b"wardnet/bench/0"))
    own, plain = PrivateKey.from_bytes(secret), coincurve.PrivateKey(secret)
    signature = own.sign(digest)

    def recovered() -> bytes:
        public = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
        return address_of(public.format(compressed=False)[1:])

    assert recover(digest, signature) == recovered() == own.address
    return [
        Part(
            "recover + address",
            lambda: timed(_SIGNATURES, lambda: recover(digest, signature)),
            "within 1.2x",
            peer="coincurve recover",
            ratio_min=_WITHIN,
        ),
        Part("coincurve recover", lambda: timed(_SIGNATURES, recovered)),
        Part(
            "sign",
            lambda: timed(_SIGNATURES, lambda: own.sign(digest)),
            "within 1.2x",
            peer="coincurve sign",
            ratio_min=_WITHIN,
        ),
        Part(
            "coincurve sign",
            lambda: timed(_SIGNATURES, lambda: plain.sign_recoverable(digest, hasher=None)),
        ),
    ]


def idle_engine_bytes(name: str) -> int:
    """Give the memory of one engine that has started at genesis with 21 validators."""
    keys = sealed.signers(_LARGE)
    if name == "qbft":
        genesis = sealed.qbft_genesis()
    else:
        [genesis] = sealed.clique_chain(keys, 0)
    table = sealed.HeaderTable(genesis, tuple(key.address for key in keys))
    lent = _lent(table, keys[0], Memo())
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    engine = QbftEngine(sealed.QBFT, lent) if name == "qbft" else CliqueEngine(sealed.CLIQUE, lent)
    engine.handle(Start(genesis, ()), _NOW_US)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before


def _lent(table: sealed.HeaderTable, signer: PrivateKey | None, memo: Memo) -> Capabilities:
    entropy = TreeEntropy(1, "bench")
    return Capabilities(table, MemoVerifier(), entropy, signer, table, memo)


def _clique_headers(raws: Sequence[bytes]) -> tuple[int, int]:
    genesis = Header.decode(raws[0])
    table = sealed.HeaderTable(genesis, ())
    engine = CliqueEngine(sealed.CLIQUE, _lent(table, None, Memo()))
    engine.handle(Start(genesis, ()), _NOW_US)
    took_ns, parent = 0, genesis
    for raw in raws[1:]:
        start = time.process_time_ns()
        header = Header.decode(raw)
        error = engine.verify_header(header, parent)
        took_ns += time.process_time_ns() - start
        if error is not None:
            raise CandidateFaultError("Clique", f"block {header.number} breaks {error}")
        table.add(header)
        parent = header
    return len(raws) - 1, took_ns


def _pyevm_headers(raws: Sequence[bytes]) -> tuple[int, int]:
    judge = PyEvmClique(raws[0])
    start = time.process_time_ns()
    for raw in raws[1:]:
        judge.judge(raw)
    return len(raws) - 1, time.process_time_ns() - start


def _qbft_chain(keys: Sequence[PrivateKey]) -> list[bytes]:
    header, form = sealed.qbft_genesis(), QbftForm()
    raws = [header.encode()]
    for _ in range(_HEADERS):
        header = sealed.qbft_block(header, keys)
        raws.append(form.join(header, sealed.qbft_certificate(header, keys)).encode())
    return raws


def _qbft_headers(keys: Sequence[PrivateKey], raws: Sequence[bytes]) -> tuple[int, int]:
    form, genesis = QbftForm(), Header.decode(raws[0])
    table = sealed.HeaderTable(genesis, tuple(key.address for key in keys))
    engine = QbftEngine(sealed.QBFT, _lent(table, None, Memo()))
    engine.handle(Start(genesis, ()), _NOW_US)
    took_ns, parent = 0, genesis
    for raw in raws[1:]:
        start = time.process_time_ns()
        header = Header.decode(raw)
        error = engine.verify_header(header, parent)
        took_ns += time.process_time_ns() - start
        if error is not None:
            raise CandidateFaultError("QBFT", f"block {header.number} breaks {error}")
        parent, _ = form.split(header)
        table.add(parent)
    return len(raws) - 1, took_ns


class _Room:
    """One validator at height 1, and the votes of all others for the block of round 0."""

    def __init__(self, keys: Sequence[PrivateKey]) -> None:
        self._genesis = sealed.qbft_genesis()
        self._table = sealed.HeaderTable(self._genesis, tuple(key.address for key in keys))
        proposal = sealed.qbft_proposal(self._genesis, keys)
        self._own = keys[-1]  # the first leads
        self._proposal = self._event(proposal, keys[0])
        votes = sealed.qbft_votes(self._genesis, keys, keys[:-1])
        peer = keys[0].address
        engine = self._engine(Memo())
        self._votes: list[tuple[bytes, MessageReceived]] = []
        for raw in votes:
            event = MessageReceived(raw, keccak256(raw), peer)
            effects = engine.handle(event, _NOW_US)
            if any(isinstance(effect, ImportBlock) for effect in effects):
                break  # decided: later votes are not counted any more
            self._votes.append((raw, event))
        else:
            raise CandidateFaultError("QBFT", "a quorum of commits decided nothing")
        self._voted = engine

    def _event(self, raw: bytes, peer: PrivateKey) -> MessageReceived:
        return MessageReceived(raw, keccak256(raw), peer.address)

    def _engine(self, memo: Memo) -> QbftEngine:
        """Give an engine that has accepted the proposal."""
        engine = QbftEngine(sealed.QBFT, _lent(self._table, self._own, memo))
        events: list[Event] = [Start(self._genesis, ()), self._proposal]
        accepted = False
        while events:
            for effect in engine.handle(events.pop(0), _NOW_US):
                if isinstance(effect, ValidateBlock):
                    accepted = True
                    events.append(BlockValidated(effect.block.header.hash(), None))
        if not accepted:
            raise CandidateFaultError("QBFT", "the proposal is refused")
        return engine

    def opened(self) -> Memo:
        """Give a memo that has seen all votes."""
        memo = Memo()
        engine = self._engine(memo)
        for _, event in self._votes:
            engine.handle(event, _NOW_US)
        return memo

    def votes(self, *, shared: Memo | None) -> tuple[int, int]:
        """Hand all votes to fresh engines; ``shared`` None: each decodes and recovers itself."""
        took_ns = 0
        for _ in range(_PASSES):
            engine = self._engine(Memo() if shared is None else shared)
            start = time.process_time_ns()
            if shared is None:
                for raw, event in self._votes:
                    engine.handle(MessageReceived(raw, keccak256(raw), event.peer), _NOW_US)
            else:
                for _raw, event in self._votes:
                    engine.handle(event, _NOW_US)
            took_ns += time.process_time_ns() - start
        return _PASSES * len(self._votes), took_ns

    def state_hash(self) -> bytes:
        """Give the hash of the state of an engine that is about to decide."""
        return keccak256(self._voted.snapshot())


def _snapshots() -> tuple[int, int]:
    signers = tuple(key.address for key in sealed.signers(_LARGE))
    snapshot = genesis_snapshot(0, signers)
    turns = [signers[number % _LARGE] for number in range(1, _SNAPSHOTS + 1)]
    start = time.process_time_ns()
    for signer in turns:
        after = snapshot.apply(signer, ZERO_ADDRESS, _NO_VOTE, epoch=sealed.CLIQUE.epoch)
        assert not isinstance(after, Refused)
        snapshot = after
    return _SNAPSHOTS, time.process_time_ns() - start
