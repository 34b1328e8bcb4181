"""The fork schedule of a foreign chain: which rules each of its blocks has.

source        go-ethereum v1.13.15, params/config.go (ChainConfig, CheckConfigForkOrder, Rules).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from node.base.errors import ConfigError
from node.base.header import Header
from node.base.limits import BLOB_FRACTION_MIN
from node.base.types import Address
from node.evm.forks import BlobLimits, Fork, Profile
from node.evm.genesis_fields import address, mapping, number

_ORDER: Final = (
    ("homesteadBlock", Fork.HOMESTEAD),
    ("eip150Block", Fork.TANGERINE_WHISTLE),
    ("eip155Block", None),  # only the form of signatures: ``is_replay_protected``
    ("eip158Block", Fork.SPURIOUS_DRAGON),
    ("byzantiumBlock", Fork.BYZANTIUM),
    ("constantinopleBlock", Fork.CONSTANTINOPLE),
    ("petersburgBlock", Fork.PETERSBURG),
    ("istanbulBlock", Fork.ISTANBUL),
    ("berlinBlock", Fork.BERLIN),
    ("londonBlock", Fork.LONDON),
    ("shanghaiTime", Fork.SHANGHAI),
    ("cancunTime", Fork.CANCUN),
    ("pragueTime", Fork.PRAGUE),
)
_BESU_ENGINES: Final = ("qbft", "ibft", "ibft2")
_NO_RULES: Final = {
    "daoForkBlock",  # without daoForkSupport, which is refused, it changes nothing but mining
    "muirGlacierBlock",
    "arrowGlacierBlock",
    "grayGlacierBlock",
    "mergeNetsplitBlock",
    "qip714Block",  # GoQuorum: who may send, which no root shows
    "mergeForkBlock",  # its name in older genesis files
}
_BLOBS: Final = {Fork.CANCUN: BlobLimits(3, 6, 3_338_477), Fork.PRAGUE: BlobLimits(6, 9, 5_007_716)}
_DEPOSIT_CONTRACT: Final = Address(bytes.fromhex("00000000219ab540356cbb839cbe05303d7705fa"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkSchedule:
    """When a chain takes which fork: before Paris by block number, afterwards by time."""

    numbers: tuple[tuple[Fork, int], ...]
    """Forks and their first blocks, in order."""
    times: tuple[tuple[Fork, int], ...]
    """Forks after Paris and their times in seconds."""
    too_new: tuple[tuple[str, int], ...]
    """Forks beyond Prague that the chain takes one day: blocks before can be read."""
    replay_protected_from: int | None
    """The block number of EIP-155."""
    has_merge: bool
    """A terminal total difficulty is set: a header of difficulty 0 is one of proof of stake."""
    blobs: tuple[tuple[Fork, BlobLimits], ...]
    deposit_contract: Address
    """Whose logs are deposit requests (EIP-6110)."""
    config: Mapping[str, Any]
    """As it stood in the genesis."""

    def has(self, fork: Fork, number: int) -> bool:
        """Say whether a fork that comes by number holds at a block."""
        return any(known is fork and number >= first for known, first in self.numbers)

    def at_genesis(self, timestamp: int) -> Profile:
        """Give the rules that shape block 0: there times count without a merge.

        raises        ConfigError, as ``profile``.
        """
        return self._rules(self._reached(0, timestamp, has_times=True), 0)

    def profile(self, header: Header) -> Profile:
        """Give the rules that the transactions of a block run under.

        raises        ConfigError: the block belongs to a fork that is not known here.
        """
        is_merged = self.has_merge and header.difficulty == 0
        fork = self._reached(header.number, header.timestamp, has_times=is_merged)
        if is_merged and fork is Fork.LONDON:
            fork = Fork.PARIS
        return self._rules(fork, header.number)

    def _rules(self, fork: Fork, number: int) -> Profile:
        first = self.replay_protected_from
        limits = [limits for since, limits in self.blobs if since <= fork]
        is_protected = first is not None and number >= first
        return _profile(fork, is_protected, limits[-1] if limits else None)

    def has_time_forks(self, timestamp: int) -> bool:
        """Say whether the time of Shanghai has come, which needs proof of stake."""
        return any(timestamp >= since for _, since in self.times)

    def _reached(self, number: int, timestamp: int, *, has_times: bool) -> Fork:
        for name, since in self.too_new:
            if (timestamp if name.endswith("Time") else number) >= since:
                raise ConfigError(
                    f"genesis: config.{name} = {since} is reached at block {number}, time "
                    f"{timestamp}: wants no fork newer than {Fork.PRAGUE.name.lower()}"
                )
        fork = Fork.FRONTIER
        for known, first in self.numbers:
            if number >= first:
                fork = known
        if has_times and fork >= Fork.LONDON:
            for known, since in self.times:
                if timestamp >= since:
                    fork = known
        return fork


@cache
def _profile(fork: Fork, is_replay_protected: bool, blobs: BlobLimits | None) -> Profile:  # noqa: FBT001 - a cache key
    return Profile(
        fork.name.lower(),
        fork,
        is_foreign=True,
        is_replay_protected=is_replay_protected,
        blobs=blobs,
    )


def read_schedule(config: Mapping[str, Any]) -> ForkSchedule:
    """Read the ``config`` of a genesis.json of go-ethereum.

    raises        ConfigError: forks out of order or left out; the DAO fork; a value that cannot be.
    """
    if config.get("daoForkSupport"):
        raise ConfigError("genesis: config.daoForkSupport: the DAO's move of money is not known")
    found = {name: _optional(config, name) for name, _ in _ORDER}
    if any(engine in config for engine in _BESU_ENGINES):
        _imply(found)
    _check_order(found)
    if found["petersburgBlock"] is None:  # go-ethereum's reading of genesis files from before it
        found["petersburgBlock"] = found["constantinopleBlock"]
    numbers: list[tuple[Fork, int]] = []
    times: list[tuple[Fork, int]] = []
    for name, fork in _ORDER:
        since = found[name]
        if since is not None and fork is not None:
            (times if name.endswith("Time") else numbers).append((fork, since))
    return ForkSchedule(
        numbers=tuple(numbers),
        times=tuple(times),
        too_new=_too_new(config),
        replay_protected_from=found["eip155Block"],
        has_merge=_optional(config, "terminalTotalDifficulty") is not None,
        blobs=_blobs(config),
        deposit_contract=_DEPOSIT_CONTRACT
        if config.get("depositContractAddress") is None
        else address(config["depositContractAddress"], "config.depositContractAddress"),
        config=dict(config),
    )


def _imply(found: dict[str, int | None]) -> None:
    """Let a fork bring the older ones that are left out, as Besu reads a genesis."""
    later: int | None = None
    for name, _ in reversed(_ORDER):
        if name.endswith("Time"):
            continue
        if found[name] is None:
            found[name] = later
        later = found[name]


def _optional(config: Mapping[str, Any], name: str) -> int | None:
    return None if config.get(name) is None else number(config, name)


def _check_order(found: Mapping[str, int | None]) -> None:
    """Refuse what go-ethereum refuses: a fork before an older one, or without it."""
    last, before = "genesis", 0
    missing: str | None = None
    for name, _ in _ORDER:
        since = found[name]
        if name == "shanghaiTime":
            before = 0  # from here on seconds, no block numbers
        if since is None:
            missing = missing or name
            continue
        if missing is not None:
            raise ConfigError(f"genesis: config.{name} is set, wants {missing} as well")
        if since < before:
            raise ConfigError(f"genesis: config.{name} = {since}, wants {last} = {before} first")
        last, before = name, since


def _too_new(config: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    known = {name for name, _ in _ORDER} | _NO_RULES
    return tuple(
        (name, number(config, name))
        for name in sorted(config)
        if name.endswith(("Block", "Time")) and name not in known and config[name] is not None
    )


def _blobs(config: Mapping[str, Any]) -> tuple[tuple[Fork, BlobLimits], ...]:
    if config.get("blobSchedule") is None:
        return tuple(_BLOBS.items())
    schedule = mapping(config, "blobSchedule")
    return tuple((fork, _limits(schedule, fork, usual)) for fork, usual in _BLOBS.items())


def _limits(schedule: Mapping[str, Any], fork: Fork, usual: BlobLimits) -> BlobLimits:
    name = fork.name.lower()
    if schedule.get(name) is None:
        return usual
    data = mapping(schedule, name)
    limits = BlobLimits(
        number(data, "target"), number(data, "max"), number(data, "baseFeeUpdateFraction")
    )
    if not limits.target <= limits.maximum < 2**32 or limits.update_fraction < BLOB_FRACTION_MIN:
        raise ConfigError(
            f"genesis: blobSchedule.{name}: wants target <= max < 2^32 "
            f"and a fraction of at least {BLOB_FRACTION_MIN}"
        )
    return limits
