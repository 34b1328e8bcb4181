"""The base of the state machines: a contract, step by step, beside a small model in Python.

To write one for another contract, copy ``test_doctors.py``:

* a subclass of ``ContractMachine``; ``build`` names the world that every example starts from (it
  is built once and forked), ``start`` puts up the model
* one ``@rule`` per function.  It works out from the model which error the contract must give
  (None: it must do it), sends with ``expect``, and changes the model if nothing was expected
* ``@invariant`` methods that compare what the contract answers with what the model says
* ``TestThings = as_tests(ThingsMachine)``

``self.next_s`` is the time of the next transaction's block; ``wait_until`` brings it to a second,
so that a rule can draw times on both sides of a border.  A transaction of the stock chain takes
4 to 10 ms of CPU and a view 2 ms: what only grows is better compared once, in ``teardown``.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar
from unittest import TestCase

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine

from node.base.errors import CallRevertedError
from node.base.types import Address
from node.contracts.abi import LedgerEvent, View
from node.contracts.government_actions import Action
from node.contracts.reverts import decode_error
from tests.contracts.stock_chain import BLOCK_SECONDS, Outcome, T
from tests.contracts.world import MEMBERS, World, peopled

STEPS = 30
PROFILE_SHARE = 3
"""A machine runs a third of the examples: 16 in ``dev``, a few seconds, and 100 in ``ci``."""


class ContractMachine(RuleBasedStateMachine):
    """One example: a fork of the world, and whatever the subclass remembers."""

    build: ClassVar[Callable[[], World]] = staticmethod(peopled)

    def __init__(self) -> None:
        super().__init__()
        self.world = _built(type(self).build).fork()
        self.suite = self.world.suite
        self.start()

    def start(self) -> None:
        """Put up the model of the world as it was built."""

    @property
    def next_s(self) -> int:
        """Block time of the next transaction."""
        return self.world.chain.time_s + BLOCK_SECONDS

    @property
    def next_block(self) -> int:
        """Number of the next transaction's block."""
        return self.world.chain.number + 1

    def wait_until(self, time_s: int) -> None:
        """Let the next transaction's block have this time, if it is still to come."""
        chain = self.world.chain
        chain.set_block(chain.number, max(chain.time_s, time_s - BLOCK_SECONDS))

    def expect(
        self, error: str | None, sender: str | Address, to: Address, data: bytes
    ) -> Outcome | None:
        """Send, and hold what happens against the model; None: it was refused, as expected."""
        try:
            outcome = self.world.send(sender, to, data)
        except CallRevertedError as revert:
            found: str | None = decode_error(revert.data).name
            outcome = None
        else:
            found = None
        assert found == error, f"the contract says {found}, the model {error}"
        return outcome

    def decide(self, error: str | None, action: Action) -> bool:
        """Let two of three members vote for an action; say whether the contracts took it."""
        number = self.world.propose(action)
        government = self.suite.government
        vote = government.vote(number)
        return self.expect(error, MEMBERS[1], government.address, vote) is not None

    def view(self, view: View[T]) -> T:
        return self.world.view(view)

    def events(self, outcome: Outcome) -> list[LedgerEvent]:
        return self.world.chain.events(self.suite, outcome)


def first_of(*rules: tuple[bool, str]) -> str | None:
    """Give the error of the first rule that is broken, in the order in which a contract asks."""
    return next((error for is_broken, error in rules if is_broken), None)


def as_tests(machine: type[ContractMachine], share: int = PROFILE_SHARE) -> Any:
    """Give the test case of a machine, marked slow; one with long steps takes a smaller share."""
    case: type[TestCase] = machine.TestCase
    case.settings = settings(  # type: ignore[attr-defined]
        max_examples=settings().max_examples // share,
        stateful_step_count=STEPS,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    return pytest.mark.slow(case)


@cache
def _built(build: Callable[[], World]) -> World:
    return build()
