"""What the genesis file and the operator choose about IBFT 1 (consensus.md section 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from node.base.errors import ConfigError
from node.base.types import MICROS_PER_SECOND
from node.consensus_poa.extra_data import VANITY_BYTES

EPOCH_BLOCKS: Final = 30_000
"""Blocks between two ends of all open votes where a chain does not say otherwise."""
REQUEST_TIMEOUT_US: Final = 10 * MICROS_PER_SECOND
"""GoQuorum's request timeout."""
_EXPONENT_MAX: Final = 32

QuorumRule = Literal["2f_plus_1", "ceil_2n_3"]
Lock = Literal["on", "off"]
OldRounds = Literal["drop", "count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ibft1Options:
    """The parameters of an IBFT 1 chain; the defaults are GoQuorum's.

    raises        ConfigError: a value outside its range.
    """

    epoch: int = EPOCH_BLOCKS
    """Open votes end at every multiple of this number."""
    period: int = 1
    """Seconds between a block and its parent, at least 1."""
    empty_period: int | None = None
    """A proposer without transactions waits so many seconds; None: it never waits."""
    request_timeout_us: int = REQUEST_TIMEOUT_US
    quorum: QuorumRule = "2f_plus_1"
    """``2f_plus_1``: two quorums may share no honest validator when n is no 3f + 1."""
    lock: Lock = "on"
    """``off``: the protocol before locking was added."""
    old_rounds: OldRounds = "drop"
    """``count``: Prepares and Commits of rounds that are over still count."""
    strict_seals: bool = False
    """False: a header needs f + 1 committed seals, fewer than a quorum."""
    relays: bool = True
    """Whether valid messages are sent on; a full mesh needs none of that."""
    london_block: int = 0
    """Number of the first block with a base fee (EIP-1559); foreign chains may have it later."""
    vanity: bytes = bytes(VANITY_BYTES)

    def __post_init__(self) -> None:
        empty = self.empty_period
        checks = (
            (self.epoch >= 1, f"ibft1 epoch is {self.epoch}, wants at least 1"),
            (self.period >= 1, f"ibft1 period is {self.period} s, wants at least 1"),
            (
                empty is None or empty >= self.period,
                f"ibft1 empty_period is {empty} s, wants at least the period, {self.period} s",
            ),
            (
                self.request_timeout_us >= 1,
                f"ibft1 request_timeout is {self.request_timeout_us} us, wants at least 1",
            ),
            (
                self.quorum in ("2f_plus_1", "ceil_2n_3"),
                f"ibft1 quorum is {self.quorum!r}, wants 2f_plus_1 or ceil_2n_3",
            ),
            (self.lock in ("on", "off"), f"ibft1 lock is {self.lock!r}, wants on or off"),
            (
                self.old_rounds in ("drop", "count"),
                f"ibft1 old_rounds is {self.old_rounds!r}, wants drop or count",
            ),
            (self.london_block >= 0, f"london_block is {self.london_block}, wants at least 0"),
            (
                len(self.vanity) == VANITY_BYTES,
                f"ibft1 vanity has {len(self.vanity)} bytes, wants {VANITY_BYTES}",
            ),
        )
        for holds, what in checks:
            if not holds:
                raise ConfigError(what)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], *, london_block: int = 0) -> Self:
        """Read what stands under ``config.istanbul`` (or ``ibft``) of a genesis.json.

        Names are GoQuorum's, and Besu's where it has them; what is absent or 0 is the default.
        raises        ConfigError: no whole number, or out of range.
        """
        timeout_ms = _whole(settings, "requesttimeout")
        timeout_s = _whole(settings, "requesttimeoutseconds")
        timeout_us = timeout_ms * 1_000 + timeout_s * MICROS_PER_SECOND
        return cls(
            epoch=_whole(settings, "epoch", "epochlength") or EPOCH_BLOCKS,
            period=_whole(settings, "period", "blockperiodseconds") or 1,
            empty_period=_whole(settings, "emptyblockperiodseconds", "xemptyblockperiodseconds")
            or None,
            request_timeout_us=timeout_us or REQUEST_TIMEOUT_US,
            quorum="ceil_2n_3" if settings.get("ceil2Nby3Block") == 0 else "2f_plus_1",
            london_block=london_block,
        )

    def faulty_max(self, count: int) -> int:
        """Give F = ceil(n/3) - 1: so many of ``count`` validators may be Byzantine."""
        return (count + 2) // 3 - 1

    def quorum_of(self, count: int) -> int:
        """Give how many of ``count`` validators decide."""
        if self.quorum == "ceil_2n_3":
            return (2 * count + 2) // 3
        return 2 * self.faulty_max(count) + 1

    def seals_min(self, count: int) -> int:
        """Give how many committed seals a header needs: fewer than decide, unless strict."""
        return self.quorum_of(count) if self.strict_seals else self.faulty_max(count) + 1

    def round_timeout_us(self, round_: int) -> int:
        """Give how long round ``round_`` lasts: the request timeout, 2^round s more behind 0."""
        more = MICROS_PER_SECOND << min(round_, _EXPONENT_MAX) if round_ else 0
        return self.request_timeout_us + more


def _whole(settings: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = settings.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(f"genesis: ibft setting {name} is {value!r}, wants a whole number")
        if value:
            return value
    return 0
