"""The write-ahead log of a QBFT validator (consensus.md section 3.9).

Three kinds of entries, each written before the send that it covers: ``round`` [h, r] when a round
above 0 starts, ``sent`` [h, r, code, message], ``prepared`` [h, r, block, [prepares]].
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from node.base import rlp
from node.base.block import Block
from node.base.errors import CodecError
from node.base.types import Address, Hash32
from node.consensus_poa.qbft.messages import ROUND_CHANGE
from node.consensus_poa.qbft.state import NOT_STARTED, Prepared
from node.consensus_poa.wal import ForeignLogError, WalEntry

ROUND: Final = "round"
SENT: Final = "sent"
PREPARED: Final = "prepared"
_ITEMS: Final = {ROUND: 2, SENT: 4, PREPARED: 4}


def round_payload(height: int, round_: int) -> bytes:
    """Say that this node is in a round."""
    return rlp.encode([rlp.encode_int(height), rlp.encode_int(round_)])


def sent_payload(height: int, round_: int, code: int, message: bytes) -> bytes:
    """Say what this node is about to send."""
    place = [rlp.encode_int(height), rlp.encode_int(round_)]
    return rlp.encode([*place, rlp.encode_int(code), message])


def prepared_payload(height: int, prepared: Prepared) -> bytes:
    """Say what a quorum prepared."""
    place = [rlp.encode_int(height), rlp.encode_int(prepared.round)]
    prepares = [vote.raw for vote in prepared.prepares]
    return rlp.encode([*place, prepared.candidate.block.encode(), prepares])


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, read."""

    kind: str
    height: int
    round: int
    code: int = 0
    message: bytes = b""
    block: Block | None = None
    prepares: tuple[bytes, ...] = ()


def read_line(entry: WalEntry) -> Line:
    """Read an entry's payload.

    raises        CodecError: of no known kind, or not of its shape.
    """
    items = rlp.decode(entry.payload)
    wants = _ITEMS.get(entry.kind)
    if wants is None or isinstance(items, bytes) or len(items) != wants:
        raise CodecError("qbft log", f"kind {entry.kind!r} with {len(items)} items")
    height, round_ = rlp.decode_int(items[0]), rlp.decode_int(items[1])
    if entry.kind == ROUND:
        return Line(ROUND, height, round_)
    third, last = items[2], items[3]
    if entry.kind == SENT and isinstance(last, bytes):
        return Line(SENT, height, round_, rlp.decode_int(third), last)
    if entry.kind == PREPARED and isinstance(third, bytes) and isinstance(last, list):
        prepares = tuple(raw for raw in last if isinstance(raw, bytes))
        if len(prepares) == len(last):
            block = Block.decode(third)
            return Line(PREPARED, height, round_, block=block, prepares=prepares)
    raise CodecError("qbft log", f"an entry {entry.kind!r} of another shape")


@dataclass(slots=True)
class Recovered:
    """What the log says about one height."""

    round: int = NOT_STARTED
    sent: list[Line] = field(default_factory=list[Line])
    prepared: Line | None = None


def recover(entries: Sequence[bytes], genesis: Hash32, author: Address, height: int) -> Recovered:
    """Read the log for the height above the head.

    raises        CodecError: an entry cannot be read.
                  ForeignLogError: another key or chain wrote it.
    """
    found = Recovered()
    for data in entries:
        entry = WalEntry.decode(data)
        if entry.genesis != genesis:
            raise ForeignLogError("genesis", genesis, entry.genesis)
        if entry.author != author:
            raise ForeignLogError("key", author, entry.author)
        line = read_line(entry)
        if line.height != height:
            continue
        if line.kind == PREPARED:
            if found.prepared is None or line.round >= found.prepared.round:
                found.prepared = line
            continue
        found.round = max(found.round, line.round)
        if line.kind == SENT:
            found.sent.append(line)
    return found


def prune_wal(entries: Iterable[bytes], head: int) -> tuple[bytes, ...]:
    """Give what of a log can still matter when ``head`` is the number of the head.

    Of each height from ``head`` on: its highest round, the last certificate, and what was sent in
    that round or as the last RoundChange.  The head's own height stays, in case the block was
    not durable.  No validator goes back to a lower round, so what it said there guards nothing.

    raises        CodecError: an entry cannot be read.
    """
    lines = [(data, read_line(WalEntry.decode(data))) for data in entries]
    lines = [(data, line) for data, line in lines if line.height >= head]
    top: dict[int, int] = {}
    last: dict[tuple[int, str], int] = {}
    for index, (_, line) in enumerate(lines):
        if line.kind != PREPARED:
            top[line.height] = max(top.get(line.height, 0), line.round)
        if line.kind != SENT or line.code == ROUND_CHANGE:
            last[(line.height, line.kind)] = index

    def matters(index: int, line: Line) -> bool:
        if index == last.get((line.height, line.kind)):
            return True
        return line.kind == SENT and line.round == top[line.height]

    return tuple(data for index, (data, line) in enumerate(lines) if matters(index, line))
