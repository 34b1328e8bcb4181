"""What the nodes of a world share of their work, and which of them share (simulation.md section 4).

Sharing saves real time only: a host pays for gas and signatures in virtual time whether its node
did the work or found it done.
"""

from dataclasses import dataclass

from node.base.keys import MemoVerifier
from node.base.ports import Verifier
from node.evm.executor import Executor
from node.evm.executors import executor_named
from node.evm.genesis import Genesis
from node.evm.memo import ExecutionMemo, SharedMemo, VerifyingMemo
from node.sim.schema.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Execution:
    """What one node executes and checks with."""

    executor: Executor
    memo: ExecutionMemo | None
    verifier: Verifier


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
        self.verifier = MemoVerifier()

    def of(self, node: str) -> Execution:
        """Give a node what it works with.

        A node that may hold other bytes than it was given, or make blocks that it does not mean,
        must stay away from the memo: it gets what ``full`` gives.
        """
        settings = self._scenario.network.nodes.get(node)
        if self._scenario.run.execution == "full":
            return Execution(self._own(), None, MemoVerifier())
        if settings is not None and settings.verify:
            return Execution(self._own(), VerifyingMemo(self.memo), MemoVerifier())
        return Execution(self._shared, self.memo, self.verifier)

    def _own(self) -> Executor:
        return executor_named(self._scenario.chain.executor, self._genesis)
