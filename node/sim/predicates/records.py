"""Predicates about records: who could read, and what leaked."""

from collections.abc import Callable, Mapping

from node.sim.checkers.canaries import CanaryScanner
from node.sim.checkers.release_window import ReleaseWindowChecker, read_receipt
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


class OverExposure:
    """No share was released later than so many seconds after its grant's end.

    ``measure``   gives a receipt's seconds past the end, 0 inside it; None: it released nothing.
    """

    def __init__(self, measure: Callable[[bytes], int | None], *, at_most_s: int) -> None:
        self._measure = measure
        self._at_most_s = at_most_s
        self._releases = 0
        self._worst = (0, "")

    def observe(self, fact: Fact) -> None:
        """Measure a receipt."""
        if isinstance(fact, ReceiptSigned):
            late_s = self._measure(fact.receipt)
            if late_s is not None:
                self._releases += 1
                self._worst = max(self._worst, (late_s, fact.node), key=lambda one: one[0])

    def state(self) -> State:
        """Give the longest exposure."""
        late_s, node = self._worst
        where = f", by {node}" if late_s else ""
        why = f"{self._releases} releases, the latest {late_s} s after its grant's end{where}"
        return State(holds=late_s <= self._at_most_s, why=why)


class NoUnauditedRelease:
    """Every release stands on the ledger at most so many blocks later.

    ``height``    gives the number of the highest head now.
    ``audited``   gives the ids of all receipts on the ledger, each with the number of its block.
    """

    def __init__(
        self, height: Callable[[], int], audited: Callable[[], Mapping[bytes, int]], *, blocks: int
    ) -> None:
        self._height = height
        self._audited = audited
        self._blocks = blocks
        self._open: dict[bytes, tuple[str, int]] = {}
        """Receipt id: who signed it, and the last block that is not too late."""
        self._seen = 0
        self._fault: str | None = None

    def observe(self, fact: Fact) -> None:
        """Note a release."""
        if isinstance(fact, ReceiptSigned):
            read = read_receipt(fact.receipt)
            if read is not None and read.status == 0:
                self._seen += 1
                self._open[read.receipt_id] = (fact.node, self._height() + self._blocks)

    def state(self) -> State:
        """Look for what is due on the ledger."""
        height = self._height()
        due = [one for one, (_, last) in self._open.items() if height > last]
        if due and self._fault is None:
            audited = self._audited()
            for receipt_id in due:
                node, last = self._open.pop(receipt_id)
                stands = audited.get(receipt_id)
                if stands is None or stands > last:
                    when = "not on the ledger" if stands is None else f"there in block {stands}"
                    name = f"receipt 0x{receipt_id.hex()[:16]} of {node}"
                    self._fault = self._fault or f"{name} was due by block {last} and is {when}"
        why = self._fault or f"{self._seen} releases, {len(self._open)} of them not due yet"
        return State(holds=self._fault is None, why=why)


class RecordState:
    """Something about a record that ``trial`` finds out; None: the record does not exist yet."""

    def __init__(self, record: str, trial: Callable[[str], State | None]) -> None:
        self._record = record
        self._trial = trial

    def observe(self, fact: Fact) -> None:
        """Take no note: the trial reads the stores themselves."""

    def state(self) -> State:
        """Try now."""
        missing = State(holds=False, why=f"record {self._record} was not filed")
        return self._trial(self._record) or missing


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


class ShareRule(RecordState):
    """A record opens with the essential share and t-1 custodians, and in no other way.

    The trial takes the shares out of the stores and tries every subset of the custodians, each
    with and without the essential share.
    """
