"""What the page shows besides ``results.json``: filled in by whoever ran the scenario.

Every key is optional: a part without data is left out of the page.  Times of blocks and grants
are block times, seconds since the Unix epoch; times of messages are virtual microseconds.
"""

from typing import TypedDict


class ScenarioMeta(TypedDict, total=False):
    """What was run."""

    title: str
    about: str
    refs: list[str]
    file: str
    """Name of the scenario file, as it was given."""
    repeat: str
    """The command that repeats the run."""
    consensus: str
    fork_choice: str
    period_s: int
    scheme: str
    t: int
    n: int


class BlockRow(TypedDict):
    """One block of the chain that the nodes ended with, genesis left out."""

    number: int
    hash: str
    """0x and hex."""
    signer: str
    """Node id of the validator that sealed it."""
    timestamp: int
    difficulty: int
    """Clique: 2 in turn, 1 out of turn."""
    txs: int
    gas_used: int


class TransactionRow(TypedDict):
    """One transaction that a step sent."""

    step: str
    kind: str
    """A key of ``node.report.gas.BUDGETS``, or any other name for one without a budget."""
    gas: int


class Holder(TypedDict):
    """One node that keeps something of a record."""

    node: str
    index: int
    """Index of the custodian share, from 1."""
    fragment: bool
    """Whether it also keeps a fragment of the ciphertext."""


class RecordRow(TypedDict):
    """One record and where its parts lie."""

    record: str
    """Id of the step that made it."""
    pmr: str
    """PMR-ID as decimal text: it does not fit into a JSON number."""
    kind: str
    manifest_cid: str
    patient: str
    """Keeps the essential share."""
    holders: list[Holder]


GrantRow = TypedDict(
    "GrantRow",
    {
        "id": str,
        "grantee": str,
        "from": int,
        "until": int,
        "revoked": int | None,
        "releases": list[int],
        "refusals": list[int],
    },
)
"""One grant: its window, and the block times at which custodians released or refused under it."""


class ComplaintRow(TypedDict):
    """One complaint of how a grant is used."""

    grantee: str
    complainant: str
    grant: str
    """The grant's id as hexadecimal text."""
    state: str
    """``open``, or ``proven`` and whether the grant ended by that."""


class EmergencyRow(TypedDict):
    """One breaking of the glass."""

    doctor: str
    patient: str
    """Patient-ID as decimal text."""
    reason: str
    until: int
    review: str
    """``none``, or the outcome's code; with what the member found, and whether it came late."""
    is_open: bool
    """Whether nobody has reviewed it."""


class CopyRow(TypedDict):
    """One request of a patient for a copy."""

    patient: str
    """Patient-ID as decimal text."""
    due: int
    state: str
    """``on time``, ``late``, ``overdue`` or ``open``."""


class MessageRow(TypedDict):
    """One frame between two nodes."""

    t_us: int
    arrive_us: int
    src: str
    dst: str
    type: str
    bytes: int


class ReportData(TypedDict, total=False):
    """All of it."""

    scenario: ScenarioMeta
    blocks: list[BlockRow]
    transactions: list[TransactionRow]
    records: list[RecordRow]
    grants: list[GrantRow]
    complaints: list[ComplaintRow]
    emergencies: list[EmergencyRow]
    copies: list[CopyRow]
    messages: list[MessageRow]
