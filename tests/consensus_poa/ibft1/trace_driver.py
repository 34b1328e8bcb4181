"""Feeds a published schedule of messages to real engines, delivering only what each step needs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from node.base.block import Block
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Hash32
from node.consensus_poa.effects import (
    BuildBlock,
    CancelTimer,
    Effect,
    ImportBlock,
    Multicast,
    ScheduleTimer,
    ValidateBlock,
)
from node.consensus_poa.events import (
    BlockBuilt,
    BlockValidated,
    Event,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
)
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.messages import (
    COMMIT,
    PREPARE,
    PREPREPARE,
    ROUND_CHANGE,
    Message,
    read_message,
    sign_message,
)
from node.consensus_poa.ibft1.options import Ibft1Options
from tests.consensus_poa.chains import GENESIS_TIME, VERIFIER, ascending
from tests.consensus_poa.ibft1.chains import SECOND, Forge, answer, received

CODES = {"PRE-PREPARE": PREPREPARE, "PREPARE": PREPARE, "COMMIT": COMMIT}
ZERO = Hash32(bytes(32))


def value_root(label: str) -> Hash32:
    """Give the state root that makes the block of one value differ from another's."""
    return keccak256(b"value " + label.encode())


class Process:
    """A correct process: an engine, its timers, what it was given and what it decided."""

    def __init__(self, engine: Ibft1Engine) -> None:
        self.engine = engine
        self.timers: dict[TimerId, int] = {}
        self.given: set[bytes] = set()
        self.request: BuildBlock | None = None
        self.decided: list[Block] = []


class TraceDriver:
    """One schedule on one kind of engine; views of the trace are rounds, counted from 1."""

    def __init__(self, setup: dict[str, Any], options: Ibft1Options) -> None:
        self.keys = ascending(setup["n"])
        self.forge = Forge(self.keys, options)
        self.byzantine: list[int] = setup["byzantine"]
        self.now = (GENESIS_TIME + options.period) * SECOND
        self.pool: dict[bytes, Message] = {}
        self.labels: set[str] = set()
        self.missing: list[Any] = []
        """Messages of correct processes, and view changes, that the engines did not follow."""
        self.processes = {
            number: Process(self.forge.engine(self.key(number))) for number in setup["correct"]
        }
        for process in self.processes.values():
            self._tell(process, Start(self.forge.genesis))
            self._expire(process, TimerKind.BLOCK)

    def key(self, number: int) -> PrivateKey:
        return self.keys[number - 1]

    # -- the schedule ----------------------------------------------------------------------

    def follow(self, steps: list[Any]) -> None:
        for place, step in enumerate(steps):
            for wanted in step["new_messages"]:
                self._bring_about(wanted)
            for number, view in step.get("view_change", {}).items():
                self._change_view(int(number), view, steps[place:])
            for number, label in step.get("decides", {}).items():
                self._deliver(self.processes[int(number)], self._find(COMMIT, None, label))

    def flood(self) -> None:
        """Deliver everything to everybody, until nobody says anything new."""
        known = -1
        while known != len(self.pool):
            known = len(self.pool)
            for process in self.processes.values():
                self._deliver(process, iter(list(self.pool)))

    def decisions(self) -> dict[str, str]:
        """Give the value that each correct process decided, in the words of the trace."""
        labels = {value_root(label): label for label in self.labels}
        return {
            str(number): labels[process.decided[0].header.state_root] if process.decided else "None"
            for number, process in self.processes.items()
        }

    def decided_hashes(self) -> set[Hash32]:
        return {b.header.hash() for p in self.processes.values() for b in p.decided}

    def _bring_about(self, wanted: Any) -> None:
        """Let a process send a message: deliver what its rule asks for, and look."""
        code, round_, sender = CODES[wanted["type"]], wanted["view"] - 1, wanted["sender"]
        label = wanted["value"]
        self.labels.add(label)
        if sender in self.byzantine:
            self._lie(code, round_, sender, label)
            return
        process = self.processes[sender]
        if code == PREPREPARE and process.request is not None:
            self._build(process, label)
        elif code == PREPARE:
            self._deliver(process, self._find(PREPREPARE, round_, label))
        elif code == COMMIT:
            self._deliver(process, self._find(PREPARE, round_, label))
        author = self.key(sender).address
        found = self._find(code, round_, label)
        if not any(self.pool[raw].author == author for raw in found):
            self.missing.append(wanted)

    def _change_view(self, number: int, view: int, rest: list[Any]) -> None:
        """Bring a process into a view: its own clock, and those of the next that leave."""
        leaving = [number, *(int(n) for step in rest for n in step.get("view_change", {}))]
        for sender in self.byzantine:
            raw = sign_message(self.key(sender), ROUND_CHANGE, (view - 1, 1), ZERO)
            self.pool[raw] = self._read(raw)
        quorum = self.forge.options.quorum_of(len(self.keys))
        for other in dict.fromkeys(leaving):
            if len(list(self._find(ROUND_CHANGE, view - 1, None))) < quorum:
                self._expire(self.processes[other], TimerKind.ROUND)
        self._deliver(self.processes[number], self._find(ROUND_CHANGE, view - 1, None))

    def _lie(self, code: int, round_: int, sender: int, label: str) -> None:
        block = self._block(self.key(sender), label)
        carried = block if code == PREPREPARE else None
        view = (round_, 1)
        raw = sign_message(self.key(sender), code, view, block.header.hash(), carried)
        self.pool[raw] = self._read(raw)

    def _block(self, key: PrivateKey, label: str) -> Block:
        return self.forge.propose(self.forge.genesis, key, state_root=value_root(label))

    def _build(self, process: Process, label: str) -> None:
        request = process.request
        assert request is not None
        process.request = None
        block = answer(self.forge.genesis, request)
        header = replace(block.header, state_root=value_root(label))
        self._tell(process, BlockBuilt(request.request, Block(header, ())))

    # -- messages --------------------------------------------------------------------------

    def _roots(self) -> dict[Hash32, Hash32]:
        blocks = [message.block for message in self.pool.values() if message.block]
        return {block.header.hash(): block.header.state_root for block in blocks}

    def _find(self, code: int, round_: int | None, label: str | None) -> Iterator[bytes]:
        roots = self._roots()
        found = [
            raw
            for raw, message in self.pool.items()
            if message.code == code
            and round_ in (None, message.round)
            and (label is None or roots.get(message.digest) == value_root(label))
        ]
        return iter(found)

    def _deliver(self, process: Process, raws: Iterator[bytes]) -> None:
        for raw in raws:
            if raw not in process.given:
                process.given.add(raw)
                self._tell(process, received(raw, self.pool[raw].author))

    def _expire(self, process: Process, kind: TimerKind) -> None:
        for timer, at in list(process.timers.items()):
            if timer.kind is kind:
                del process.timers[timer]
                self.now = max(self.now, at)
                self._tell(process, TimerExpired(timer))

    def _tell(self, process: Process, event: Event) -> None:
        for effect in process.engine.handle(event, self.now):
            self._execute(process, effect)

    def _execute(self, process: Process, effect: Effect) -> None:
        match effect:
            case Multicast():
                process.given.add(effect.message)
                self.pool[effect.message] = self._read(effect.message)
            case ValidateBlock():
                self._tell(process, BlockValidated(effect.block.header.hash(), None))
            case BuildBlock():
                process.request = effect
            case ScheduleTimer():
                process.timers[effect.timer] = effect.at
            case CancelTimer():
                process.timers.pop(effect.timer, None)
            case ImportBlock():
                process.decided.append(effect.block)
            case _:
                pass

    def _read(self, raw: bytes) -> Message:
        message = read_message(raw, VERIFIER)
        assert isinstance(message, Message), message
        return message
