"""What the genesis file and the operator choose about Clique (consensus.md section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from node.base.errors import ConfigError
from node.base.types import MICROS_PER_SECOND
from node.consensus_poa.extra_data import VANITY_BYTES

WIGGLE_STEP_US: Final = MICROS_PER_SECOND // 2
"""Out-of-turn signers spread over this much per signer (EIP-225, 500 ms)."""

EPOCH_BLOCKS: Final = 30_000
"""Blocks between checkpoints where a chain does not say otherwise (EIP-225)."""

ForkChoiceRule = Literal["td", "geth", "eip3436"]
Wiggle = Literal["geth", "eip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CliqueOptions:
    """The parameters of a Clique chain.

    raises        ConfigError: a value outside its range.
    """

    epoch: int = EPOCH_BLOCKS
    """Blocks between checkpoints, at least 1."""
    period: int = 15
    """Seconds between a block and its parent, at least; 0: a block only for transactions."""
    fork_choice: ForkChoiceRule = "eip3436"
    wiggle: Wiggle = "geth"
    """Spread of out-of-turn blocks: SIGNER_LIMIT * 500 ms (geth) or N * 500 ms (the EIP)."""
    out_of_turn_min_delay_us: int = 0
    """An out-of-turn block waits this long before the spread begins."""
    london_block: int = 0
    """Number of the first block with a base fee (EIP-1559); foreign chains may have it later."""
    vanity: bytes = bytes(VANITY_BYTES)

    def __post_init__(self) -> None:
        checks = (
            (self.epoch >= 1, f"clique epoch is {self.epoch}, wants at least 1"),
            (self.period >= 0, f"clique period is {self.period} s, wants at least 0"),
            (
                self.fork_choice in ("td", "geth", "eip3436"),
                f"clique fork_choice is {self.fork_choice!r}, wants td, geth or eip3436",
            ),
            (
                self.wiggle in ("geth", "eip"),
                f"clique wiggle is {self.wiggle!r}, wants geth or eip",
            ),
            (
                self.out_of_turn_min_delay_us >= 0,
                f"out_of_turn_min_delay is {self.out_of_turn_min_delay_us} us, wants at least 0",
            ),
            (self.london_block >= 0, f"london_block is {self.london_block}, wants at least 0"),
            (
                len(self.vanity) == VANITY_BYTES,
                f"clique vanity has {len(self.vanity)} bytes, wants {VANITY_BYTES}",
            ),
        )
        for holds, what in checks:
            if not holds:
                raise ConfigError(what)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], *, london_block: int = 0) -> Self:
        """Read what stands under ``config.clique`` of a genesis.json, in geth's or Besu's names.

        As in geth an absent period is 0, and an epoch that is absent or 0 is EPOCH_BLOCKS.
        raises        ConfigError: no whole number, or out of range.
        """
        return cls(
            epoch=_whole(settings, "epoch", "epochlength") or EPOCH_BLOCKS,
            period=_whole(settings, "period", "blockperiodseconds"),
            london_block=london_block,
        )


def _whole(settings: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = settings.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(f"genesis: config.clique.{name} is {value!r}, wants a whole number")
        if value:
            return value
    return 0
