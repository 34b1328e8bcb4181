"""``run``, ``chain`` and ``records``: how long, by which rules, with which sharing."""

import re
import zoneinfo
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from node.base.limits import EVENTS_COUNT_MAX, HOLDERS_COUNT_MAX
from node.sim.schema.base import Section, duration_field, whole
from node.sim.schema.faults import suggestion
from node.sim.schema.units import Duration, Moment, Period, PositiveDuration, Size, wants

_EPOCH_US: Final = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z."""
_DAY_US: Final = 86_400_000_000
_RECOVERY_WAIT_US: Final = 2 * _DAY_US
_REVIEW_US: Final = 3 * _DAY_US
_RETENTION_US: Final = 3 * 365 * _DAY_US
_GAS_LIMIT_MAX: Final = 2**63 - 1
_CHAIN_ID_MAX: Final = 4_503_599_627_370_476
_CHAIN_IDS_TAKEN: Final = (1, 1_337, 5_777, 31_337)
_PATIENT_ID_MAX: Final = 2**64 - 1


def _chain_id(value: object) -> object:
    """Refuse the ids of main net and of development chains, and what wallets cannot hold."""
    if type(value) is not int or not 1 <= value <= _CHAIN_ID_MAX:
        raise wants(f"a whole number from 1 to {_CHAIN_ID_MAX}")
    if value in _CHAIN_IDS_TAKEN:
        raise wants("a chain id that is not in use elsewhere")
    return value


def _zone(value: object) -> object:
    if value == "UTC":  # known without a time zone database
        return value
    if not isinstance(value, str):
        raise wants("a time zone like Asia/Kolkata")
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = sorted(zoneinfo.available_timezones())
        hint = suggestion(value, known) if known else "no time zones are installed here (tzdata)"
        raise wants("a time zone like Asia/Kolkata" + (f" ({hint})" if hint else "")) from error
    return value


_EXECUTORS: Final = ("py-evm", "revm", "fast")
ExecutorName = Literal["py-evm", "revm"]


def _executor(value: object) -> object:
    """Read the name of an executor; ``fast`` is revm under a name that says what it is for."""
    if value not in _EXECUTORS:
        raise wants(f"one of {', '.join(_EXECUTORS)}")
    return "revm" if value == "fast" else value


ENGINES: Final = ("qbft", "clique", "aura", "ibft1")
"""The engines of wardnet, in the order in which they are compared."""
_OUTSIDE: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SWITCHES_MAX: Final = 64


def _consensus(value: object) -> object:
    """Accept an engine of wardnet, or ``module:Class`` of an engine of one's own."""
    known = value in ENGINES or (isinstance(value, str) and _OUTSIDE.fullmatch(value))
    if not known:
        raise wants(f"one of {', '.join(ENGINES)}, or module:Class of an engine of your own")
    return value


def _switches(value: object) -> object:
    """Accept what an engine of one's own may be given: short plain values by name."""
    fits = isinstance(value, dict) and len(value) <= _SWITCHES_MAX
    plain = isinstance(value, dict) and all(type(value[key]) in (str, int, bool) for key in value)
    if not fits or not plain:
        raise wants("a mapping of names to text, whole numbers, true or false")
    return value


class Options(Section):
    """Switches of engines: ``chain.options``.  Each is read by the engine that it belongs to."""

    wiggle: Literal["geth", "eip"] = "geth"
    """Clique: out-of-turn blocks spread over SIGNER_LIMIT or over N times 500 ms."""
    out_of_turn_min_delay_us: Duration = duration_field(0, "out_of_turn_min_delay")
    """Clique: the spread begins so long after the block is due."""
    two_thirds: bool = False
    """AuRa: more than two thirds of the validators make a block final, not more than half."""
    quorum: Literal["2f_plus_1", "ceil_2n_3"] = "2f_plus_1"
    """IBFT 1: as published, or the repaired quorum."""
    lock: bool = True
    """IBFT 1: a quorum of prepares locks a validator on a block."""
    old_rounds: Literal["drop", "count"] = "drop"
    """IBFT 1: what becomes of messages of earlier rounds."""
    strict_seals: bool = False
    """IBFT 1: headers need a quorum of seals, not F+1."""
    round_timeout_cap_us: PositiveDuration | None = Field(default=None, alias="round_timeout_cap")
    """QBFT: round timeouts double up to here."""
    outside: Annotated[
        dict[str, str | int | bool],
        BeforeValidator(_switches, json_schema_input_type=dict[str, str | int | bool]),
    ] = Field(default_factory=dict[str, str | int | bool])
    """What an engine of your own is given."""


class Budget(Section):
    """What a run may take: ``run.budget``.  One that takes more ends undecided."""

    wall_us: PositiveDuration = duration_field(600_000_000, "wall")
    """Time that passes for who waits."""
    events: Annotated[int, whole(1, EVENTS_COUNT_MAX)] = EVENTS_COUNT_MAX
    """Of the simulator."""
    memory_bytes: Size = Field(
        default=2 * 2**30, alias="memory", json_schema_extra={"default": "2GiB"}
    )
    """Resident, of the process that runs it."""


class Run(Section):
    """How the run goes: ``run:``."""

    seed: Annotated[int, whole(0, 2**63 - 1)] = 1
    until_us: PositiveDuration = duration_field(120_000_000, "until")
    """The horizon."""
    epoch_us: Moment = Field(
        default=_EPOCH_US, alias="epoch", json_schema_extra={"default": "2026-01-01T00:00:00Z"}
    )
    """The date of T = 0, microseconds since the Unix epoch."""
    budget: Budget = Field(default_factory=Budget)
    driver: Literal["des"] = "des"
    execution: Literal["shared", "full"] = "shared"
    """Whether a block that one node executed is executed by the others too."""
    verify: Literal["shared", "full"] = "shared"
    """Whether a signature that one node checked is checked by the others too."""


class Chain(Section):
    """The ledger and its engine: ``chain:``."""

    consensus: Annotated[str, BeforeValidator(_consensus)] = "qbft"
    request_timeout_us: PositiveDuration = duration_field(4_000_000, "request_timeout")
    """QBFT, IBFT 1: how long round 0 may take."""
    early_round_change: bool = True
    """QBFT: f+1 validators ahead are followed at once."""
    empty_period_us: PositiveDuration | None = Field(default=None, alias="empty_period")
    """QBFT: a block without transactions comes only after this; None: as the others."""
    validators_from: Literal["contract", "header"] = "contract"
    """QBFT: the set is read from GovernmentRegistry, or voted for in headers."""
    options: Options = Field(default_factory=Options)
    fork_choice: Literal["td", "geth", "eip3436"] = "td"
    period_us: Period = duration_field(5_000_000, "period")
    epoch: Annotated[int, whole(1, 2**32)] = 30_000
    """Blocks between two checkpoints."""
    id: Annotated[int, BeforeValidator(_chain_id)] = 85_437
    gas_limit: Annotated[int, whole(5_000, _GAS_LIMIT_MAX)] = 30_000_000
    executor: Annotated[
        ExecutorName,
        BeforeValidator(_executor, json_schema_input_type=Literal["py-evm", "revm", "fast"]),
    ] = "py-evm"
    token: Literal["erc721", "erc1155"] = "erc721"  # noqa: S105 - a kind of contract
    """What stands for a record: ``PmrToken`` or ``PmrMultiToken``."""


class Sharing(Section):
    """The (1,t,n) rule: n holders, t shares needed, the patient's among them."""

    scheme: Literal["ssms-1tn"] = "ssms-1tn"
    t: Annotated[int, whole(2, HOLDERS_COUNT_MAX)] = 3
    n: Annotated[int, whole(2, HOLDERS_COUNT_MAX)] = 5


class Records(Section):
    """How records are kept: ``records:``."""

    sharing: Sharing = Field(default_factory=Sharing)
    recovery_wait_us: PositiveDuration = duration_field(_RECOVERY_WAIT_US, "recovery_wait")
    """How long the old key of a patient can object to a recovery."""
    emergency_review_us: PositiveDuration = duration_field(_REVIEW_US, "emergency_review")
    """How long after an emergency its review by the authority is on time."""
    retention_us: PositiveDuration = duration_field(_RETENTION_US, "retention")
    """How long a record is erased only for a legal reason."""
    retention_from: Literal["commencement", "last_treatment"] = "last_treatment"
    """What that time runs from: the first entry of a record (IMC 2002), or its newest one."""
    revocation: Literal["soft", "standard"] = "standard"
    """What the end of a grant does besides release rules: nothing, or a step of its deals.

    A new generation (hard) is a step ``rotate_key``.
    """
    timezone: Annotated[str, BeforeValidator(_zone)] = "UTC"
    """IANA name; dates of visits are those of this zone."""
    first_patient_id: Annotated[int, whole(1, _PATIENT_ID_MAX)] = 1
