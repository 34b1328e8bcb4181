"""What the tests of one engine work at: an observer's bench and a validator's bench."""

from dataclasses import replace

from node.base.block import Block
from node.base.header import Header
from node.base.types import Address
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.effects import (
    BuildBlock,
    Effect,
    ImportBlock,
    ScheduleTimer,
    Trace,
)
from node.consensus_poa.events import (
    BlockBuilt,
    BlockReceived,
    BlockValidated,
    Start,
    TimerExpired,
)
from tests.consensus_poa.chains import (
    GENESIS_TIME,
    LATER,
    Forge,
    ascending,
    block,
    of_type,
)
from tests.consensus_poa.cluster import build

KEYS = ascending(4)
PEER = KEYS[3].address
OTHER = KEYS[2].address
NOW = (GENESIS_TIME + 1) * 10**6
TURN = (GENESIS_TIME + 5) * 10**6


class ObserverBench:
    """An observer's engine and the blocks that a test feeds it."""

    def __init__(self) -> None:
        self.forge = Forge(KEYS)
        self.engine: CliqueEngine = self.forge.started()
        self.now = LATER

    def branch(self, *signers: int, of: Header | None = None) -> list[Header]:
        """Give headers on ``of`` (genesis) that the engine does not know."""
        parent, made = of or self.forge.genesis, []
        shadow = Forge(KEYS)
        shadow.chain.headers.update(self.forge.chain.headers)
        shadow.chain.weights.update(self.forge.chain.weights)
        for index in signers:
            parent = shadow.extend(parent, KEYS[index])
            made.append(parent)
        return made

    def receive(self, header: Header, peer: Address | None = PEER) -> tuple[Effect, ...]:
        return self.engine.handle(BlockReceived(block(header), None, peer), self.now)

    def validate(self, header: Header, error: str | None = None) -> tuple[Effect, ...]:
        effects = self.engine.handle(BlockValidated(header.hash(), error), self.now)
        for effect in effects:
            if isinstance(effect, ImportBlock):
                self.forge.chain.add(effect.block.header)
        return effects


class SealerBench:
    """A validator's engine at the head of a chain of ``height`` in-turn blocks."""

    def __init__(self, index: int, height: int = 0, **options: object) -> None:
        self.options = CliqueOptions(**{"period": 5, "epoch": 10, **options})  # type: ignore[arg-type]
        self.forge = Forge(KEYS, self.options)
        self.head = self.forge.genesis
        for number in range(1, height + 1):
            self.head = self.forge.extend(self.head, KEYS[number % 4])
        self.forge.chain.head = self.head.hash()
        self.key = KEYS[index]
        self.engine: CliqueEngine = self.forge.engine(self.key)
        self.now = NOW + height * 5 * 10**6

    def start(self, *wal: bytes) -> tuple[Effect, ...]:
        return self.engine.handle(Start(self.head, wal), self.now)

    def armed(self, effects: tuple[Effect, ...]) -> ScheduleTimer:
        (timer,) = of_type(effects, ScheduleTimer)
        assert isinstance(timer, ScheduleTimer)
        return timer

    def request(self, effects: tuple[Effect, ...]) -> BuildBlock:
        """Let the armed turn come and give what is asked for."""
        timer = self.armed(effects)
        self.now = timer.at
        (asked,) = of_type(self.engine.handle(TimerExpired(timer.timer), self.now), BuildBlock)
        assert isinstance(asked, BuildBlock)
        return asked

    def answer(
        self, asked: BuildBlock, transactions: tuple[bytes, ...] = (), **fields: object
    ) -> tuple[Effect, ...]:
        built = build(self.head, asked, transactions)
        header = replace(built.header, **fields)  # type: ignore[arg-type]
        return self.engine.handle(BlockBuilt(asked.request, Block(header, transactions)), self.now)


def kinds(effects: tuple[Effect, ...]) -> list[str]:
    return [type(effect).__name__ for effect in effects if type(effect).__name__ != "Trace"]


def abstains(effects: tuple[Effect, ...]) -> str | None:
    found = [e for e in effects if isinstance(e, Trace) and e.rule == "Clique.Abstained"]
    return str(dict(found[0].data)["reason"]) if found else None
