"""What the genesis file and the operator choose about QBFT (consensus.md section 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from node.base.errors import ConfigError
from node.base.types import MICROS_PER_SECOND, Address
from node.consensus_poa.extra_data import ADDRESS_BYTES, VANITY_BYTES

EPOCH_BLOCKS: Final = 30_000
"""Blocks after which open votes are dropped, where a chain does not say otherwise (Besu)."""

ValidatorsFrom = Literal["contract", "header"]
_TRANSITION_KEYS: Final = {
    "block",
    "validatorselectionmode",
    "validatorcontractaddress",
    "validators",
}


@dataclass(frozen=True, slots=True)
class Transition:
    """From block ``block`` on, validators come from elsewhere (Besu's ``transitions.qbft``)."""

    block: int
    validators_from: ValidatorsFrom | None = None
    """None: from where they came before."""
    contract: Address | None = None
    """For the provider that reads contracts; the engine does not use it."""
    validators: tuple[Address, ...] = ()
    """The set of that block where headers hold it; empty: the set that the block before left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QbftOptions:
    """The parameters of a QBFT chain and node.

    raises        ConfigError: a value outside its range.
    """

    period: int = 1
    """Seconds between a block and its parent, at least."""
    empty_period: int | None = None
    """Seconds that a proposer without transactions waits; None: blocks may be empty."""
    request_timeout_us: int = 4 * MICROS_PER_SECOND
    """Round 0 lasts so long, each further one twice as long as the one before."""
    round_timeout_cap_us: int | None = None
    """No round lasts longer; None: no cap."""
    early_round_change: bool = True
    """f+1 validators in higher rounds make this one follow."""
    validators_from: ValidatorsFrom = "contract"
    epoch: int = EPOCH_BLOCKS
    relays: bool = True
    """Send valid messages of others on; a full mesh does not need it."""
    vanity: bytes = bytes(VANITY_BYTES)
    london_block: int = 0
    """First block with a base fee; foreign chains may have it later."""
    cancun_block: int = 0
    """First block with 20 header fields."""
    transitions: tuple[Transition, ...] = ()
    """Ascending by block."""

    def __post_init__(self) -> None:
        blocks = [transition.block for transition in self.transitions]
        cap, empty = self.round_timeout_cap_us, self.empty_period
        checks = (
            (self.period >= 1, f"period is {self.period} s, wants at least 1"),
            (
                empty is None or empty >= self.period,
                f"empty_period is {empty} s, wants at least the period, {self.period} s",
            ),
            (
                self.request_timeout_us >= 1,
                f"request_timeout is {self.request_timeout_us} us, wants at least 1",
            ),
            (
                cap is None or cap >= self.request_timeout_us,
                f"round_timeout_cap is {cap} us, wants at least the request_timeout",
            ),
            (
                self.validators_from in ("contract", "header"),
                f"validators_from is {self.validators_from!r}, wants contract or header",
            ),
            (self.epoch >= 1, f"epoch is {self.epoch}, wants at least 1"),
            (
                len(self.vanity) == VANITY_BYTES,
                f"vanity has {len(self.vanity)} bytes, wants {VANITY_BYTES}",
            ),
            (
                0 <= self.london_block <= self.cancun_block,
                f"london_block is {self.london_block}, wants 0 to {self.cancun_block}, cancun's",
            ),
            (
                all(block >= 1 for block in blocks) and blocks == sorted(set(blocks)),
                f"transitions are at blocks {blocks}, wants ascending numbers from 1",
            ),
        )
        for holds, what in checks:
            if not holds:
                raise ConfigError(f"qbft {what}")

    def mode_at(self, number: int) -> ValidatorsFrom:
        """Give from where the validators of block ``number`` come."""
        mode = self.validators_from
        for transition in self.transitions:
            if transition.block <= number:
                mode = transition.validators_from or mode
        return mode

    def transition_at(self, number: int) -> Transition | None:
        """Give the transition that takes effect in block ``number``, or None."""
        return next((found for found in self.transitions if found.block == number), None)

    @classmethod
    def from_settings(
        cls,
        settings: Mapping[str, Any],
        *,
        transitions: Sequence[Mapping[str, Any]] = (),
        london_block: int = 0,
        cancun_block: int = 0,
    ) -> Self:
        """Read ``config.qbft`` and ``config.transitions.qbft`` of a genesis.json of Besu.

        A ``validatorcontractaddress`` selects contract mode, else headers hold the set.
        raises        ConfigError: a value that cannot be, or a transition of another kind.
        """
        empty = _whole(settings, "emptyblockperiodseconds") or _whole(
            settings, "xemptyblockperiodseconds"
        )
        return cls(
            period=_whole(settings, "blockperiodseconds") or 1,
            empty_period=empty or None,
            request_timeout_us=(_whole(settings, "requesttimeoutseconds") or 1) * MICROS_PER_SECOND,
            epoch=_whole(settings, "epochlength") or EPOCH_BLOCKS,
            validators_from="contract" if settings.get("validatorcontractaddress") else "header",
            london_block=london_block,
            cancun_block=cancun_block,
            transitions=tuple(_transition(entry) for entry in transitions),
        )


def _whole(settings: Mapping[str, Any], name: str) -> int:
    value = settings.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"genesis: config.qbft.{name} is {value!r}, wants a whole number")
    return value


def _transition(entry: Mapping[str, Any]) -> Transition:
    unknown = sorted(set(entry) - _TRANSITION_KEYS)
    if unknown:
        known = ", ".join(sorted(_TRANSITION_KEYS))
        raise ConfigError(f"genesis: transitions.qbft has {unknown[0]!r}, known are {known}")
    mode = entry.get("validatorselectionmode")
    modes: dict[str | None, ValidatorsFrom | None] = {
        None: None,
        "contract": "contract",
        "blockheader": "header",
    }
    if mode not in modes:
        raise ConfigError(
            f"genesis: validatorselectionmode is {mode!r}, wants contract or blockheader"
        )
    contract = entry.get("validatorcontractaddress")
    return Transition(
        _whole(entry, "block"),
        modes[mode],
        None if contract is None else _address(contract),
        tuple(sorted(_address(text) for text in entry.get("validators", ()))),
    )


def _address(text: Any) -> Address:  # noqa: ANN401 - whatever a file holds
    try:
        found = bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != ADDRESS_BYTES:
        raise ConfigError(f"genesis: {text!r} in transitions.qbft, wants an address of 20 bytes")
    return Address(found)
