"""The log of an IBFT 1 validator, and its rule: one digest per height, round and code, for ever.

Entries: ``round`` (height, round), ``lock`` (height, block), ``sent`` (height, round, code,
digest, message); each is written before the send that it covers.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from node.base import codec
from node.base.block import Block
from node.base.errors import CodecError
from node.base.limits import ROUNDS_KEPT_COUNT_MAX
from node.base.ports import Signer
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.effects import AppendWal, Effect, Multicast, trace
from node.consensus_poa.ibft1.messages import sign_message
from node.consensus_poa.ibft1.state import Ibft1State, Sent
from node.consensus_poa.interface import ChainReader
from node.consensus_poa.wal import ForeignLogError, WalEntry

WAL_ROUND: Final = "round"
WAL_LOCK: Final = "lock"
WAL_SENT: Final = "sent"


class Record(NamedTuple):
    """One entry, read."""

    kind: str
    height: int
    round: int
    code: int = 0
    digest: Hash32 = ZERO_HASH
    data: bytes = b""
    """The message of ``sent``, the block of ``lock``."""


class Log:
    """Signs, logs and sends the messages of one engine."""

    def __init__(self, state: Ibft1State, chain: ChainReader, signer: Signer | None) -> None:
        self._state = state
        self._chain = chain
        self._signer = signer

    def send(
        self, code: int, round_: int, digest: Hash32, block: Block | None, out: list[Effect]
    ) -> bytes | None:
        """Send a message and give its bytes; None: another was sent in its slot before.

        The same message again goes out byte for byte.
        """
        state = self._state
        if self._signer is None or state.is_observer or state.is_halted or state.is_paused:
            return None
        known = state.sent.get((round_, code))
        if known is not None and known.digest != digest:
            out.append(trace("IBFT1.SignRefused", height=state.height, round=round_, code=code))
            return None
        if known is None:
            raw = sign_message(self._signer, code, (round_, state.height), digest, block)
            known = state.sent[round_, code] = Sent(digest, raw)
            self._append(WAL_SENT, [state.height, round_, code, digest, raw], out)
        out.append(Multicast(known.raw))
        return known.raw

    def note_round(self, out: list[Effect]) -> None:
        """Log that the round has changed."""
        self._append(WAL_ROUND, [self._state.height, self._state.round], out)

    def note_lock(self, block: Block, out: list[Effect]) -> None:
        """Log the lock."""
        self._append(WAL_LOCK, [self._state.height, block.encode()], out)

    def _append(self, kind: str, payload: list[object], out: list[Effect]) -> None:
        # a log that was refused is left as it is found
        if self._signer is not None and not self._state.is_observer:
            data = codec.pack(payload)
            entry = WalEntry(kind, self._genesis(), self._signer.address, data)
            out.append(AppendWal(entry.encode()))

    def replay(self, entries: Sequence[bytes]) -> tuple[Record, ...]:
        """Give what was logged for the height under way, in order.

        raises        CodecError: an entry cannot be read.
                      ForeignLogError: another key or chain wrote it.
        """
        genesis, found = self._genesis(), list[Record]()
        own = self._signer.address if self._signer else None
        for data in entries:
            entry = WalEntry.decode(data)
            if entry.genesis != genesis:
                raise ForeignLogError("genesis", genesis, entry.genesis)
            if own is not None and entry.author != own:
                raise ForeignLogError("key", own, entry.author)
            record = _read(entry)
            if record.height == self._state.height:
                found.append(record)
        return tuple(found)

    def _genesis(self) -> Hash32:
        genesis = self._chain.header_by_number(0)
        return genesis.hash() if genesis else ZERO_HASH

    @property
    def own(self) -> Address | None:
        """The address that signs, or None."""
        return self._signer.address if self._signer else None


def prune_wal(entries: Sequence[bytes], head: int) -> tuple[bytes, ...]:
    """Give what of the log can still matter when ``head`` is the number of the head.

    Of the height under way: the newest lock, and the rounds in which a vote may still be asked
    for.  Rounds never fall, so a slot of an older one is never signed again.

    raises        CodecError: an entry cannot be read.
    """
    records = [_read(WalEntry.decode(data)) for data in entries]
    newest: dict[int, int] = {}
    last_lock: dict[int, int] = {}
    for place, record in enumerate(records):
        newest[record.height] = max(newest.get(record.height, 0), record.round)
        if record.kind == WAL_LOCK:
            last_lock[record.height] = place
    kept: list[bytes] = []
    for place, (data, record) in enumerate(zip(entries, records, strict=True)):
        if record.height <= head:
            continue
        is_recent = record.round >= newest[record.height] - ROUNDS_KEPT_COUNT_MAX
        if last_lock.get(record.height) == place if record.kind == WAL_LOCK else is_recent:
            kept.append(data)
    return tuple(kept)


def _read(entry: WalEntry) -> Record:
    match entry.kind, codec.unpack(entry.payload):
        case "round", [int(height), int(round_)]:
            return Record(WAL_ROUND, height, round_)
        case "lock", [int(height), bytes(block)]:
            return Record(WAL_LOCK, height, 0, data=block)
        case "sent", [int(height), int(round_), int(code), bytes(digest), bytes(raw)]:
            return Record(WAL_SENT, height, round_, code, Hash32(digest), raw)
        case _:
            raise CodecError("wal", f"kind {entry.kind!r}, wants round, lock or sent")
