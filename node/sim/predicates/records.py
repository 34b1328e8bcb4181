"""Predicates about records: who could read, and what leaked."""

from collections.abc import Callable

from node.sim.checkers.canaries import CanaryScanner
from node.sim.checkers.release_window import ReleaseWindowChecker
from node.sim.facts import BytesSeen, Fact, ReceiptSigned
from node.sim.predicates.base import State


class GrantWindowRespected:
    """No share was released outside the time of its grant."""

    def __init__(self, checker: ReleaseWindowChecker) -> None:
        self._checker = checker
        self._fault: str | None = None
        self._receipts = 0

    def observe(self, fact: Fact) -> None:
        """Judge a receipt."""
        if isinstance(fact, ReceiptSigned):
            self._receipts += 1
            self._fault = self._fault or self._checker.judge(fact.node, fact.receipt)

    def state(self) -> State:
        """Give the first fault, if any."""
        why = self._fault or f"{self._receipts} receipts, none outside its grant"
        return State(holds=self._fault is None, why=why)


class PlaintextLeak:
    """Marked words of a record stand in clear in a frame, a block or a block store."""

    def __init__(self, scanner: CanaryScanner) -> None:
        self._scanner = scanner
        self._leak: str | None = None

    def observe(self, fact: Fact) -> None:
        """Search bytes that left the hands of those who may read."""
        if isinstance(fact, BytesSeen) and self._leak is None:
            self._leak = self._scanner.search(fact.where, fact.data)

    def state(self) -> State:
        """Give the first leak, if any."""
        why = self._leak or f"no canary in {self._scanner.bytes_searched} bytes"
        return State(holds=self._leak is not None, why=why)


class ShareRule:
    """A record opens with the essential share and t-1 custodians, and in no other way.

    ``trial`` takes the shares out of the stores and tries every subset of the custodians, each
    with and without the essential share; None means that the record does not exist yet.
    """

    def __init__(self, record: str, trial: Callable[[str], State | None]) -> None:
        self._record = record
        self._trial = trial

    def observe(self, fact: Fact) -> None:
        """Take no note: the trial reads the stores themselves."""

    def state(self) -> State:
        """Try all subsets now."""
        missing = State(holds=False, why=f"record {self._record} was not filed")
        return self._trial(self._record) or missing
