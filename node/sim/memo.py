"""What the nodes of a world share of their work, and which of them share (simulation.md section 4).

Sharing saves real time only: a host pays for gas and signatures in virtual time whether its node
did the work or found it done.
"""

from dataclasses import dataclass, field

from node.app.validator_sets import SetCache
from node.base.keys import MemoVerifier
from node.consensus_poa.memo import Memo
from node.evm.executor import Executor
from node.evm.executors import executor_named
from node.evm.genesis import Genesis
from node.evm.memo import ExecutionMemo, SharedMemo, VerifyingMemo
from node.p2p.blocks import BlockMemo
from node.sim.schema.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Reading:
    """What was decoded and recovered: pure functions of bytes."""

    verifier: MemoVerifier = field(default_factory=MemoVerifier)
    messages: Memo = field(default_factory=Memo)
    blocks: BlockMemo = field(default_factory=BlockMemo)
    sets: SetCache = field(default_factory=SetCache)


@dataclass(frozen=True, slots=True)
class Execution:
    """What one node executes and checks with."""

    executor: Executor
    memo: ExecutionMemo | None
    reading: Reading


class Executions:
    """Decides for each node of a world whether it works for itself."""

    def __init__(self, scenario: Scenario, genesis: Genesis) -> None:
        """Prepare what is shared.

        raises        ConfigError: the executor of the scenario is not installed.
        """
        self._scenario = scenario
        self._genesis = genesis
        # One executor for all that share: revm follows blocks in a copy of the state, and would
        # lose track of those that another node's copy ran.
        self._shared = self._own()
        self.memo = SharedMemo()
        self._reading = Reading()

    @property
    def verifier(self) -> MemoVerifier:
        """The one that nodes share which do not check everything themselves."""
        return self._reading.verifier

    def of(self, node: str) -> Execution:
        """Give a node what it works with.

        A node that may hold other bytes than it was given, or make blocks that it does not mean,
        must stay away from the memo: it gets what ``full`` gives.
        """
        settings = self._scenario.network.nodes.get(node)
        run = self._scenario.run
        checks_all = settings is not None and settings.verify
        is_alone = run.verify == "full" or run.execution == "full" or checks_all
        reading = Reading() if is_alone else self._reading
        if run.execution == "full":
            return Execution(self._own(), None, reading)
        if checks_all:
            return Execution(self._own(), VerifyingMemo(self.memo), reading)
        return Execution(self._shared, self.memo, reading)

    def _own(self) -> Executor:
        return executor_named(self._scenario.chain.executor, self._genesis)
