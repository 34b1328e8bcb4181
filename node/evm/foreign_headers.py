"""Header rules of foreign chains, from Frontier to Prague, without seals and difficulty.

source        go-ethereum v1.13.15: consensus/ethash, consensus/clique, consensus/beacon
              (verifyHeader), consensus/misc (eip1559, eip4844, gaslimit).
"""

from typing import Final

from node.base.errors import InvalidBlockError
from node.base.header import Header
from node.base.limits import EXTRA_DATA_BYTES_MAX
from node.base.types import EMPTY_OMMERS_HASH
from node.evm.blocks import (
    check_gas_drift,
    check_gas_fields,
    field_count,
    next_base_fee,
    same,
)
from node.evm.foreign_forks import ForkSchedule
from node.evm.forks import GAS_PER_BLOB, Fork, Profile

_INITIAL_BASE_FEE: Final = 10**9
_ELASTICITY: Final = 2
_EXTRA_DATA_BYTES: Final = 32
"""Longest extraData of miners and beacon nodes; an authority's headers have their seals there."""
_FIELD_COUNTS: Final = (
    (Fork.PRAGUE, 21),
    (Fork.CANCUN, 20),
    (Fork.SHANGHAI, 17),
    (Fork.LONDON, 16),
)


def check_foreign_header(
    header: Header, parent: Header, forks: ForkSchedule, *, seal_period_s: int | None
) -> None:
    """Check a header (also of an uncle) against its parent's.

    ``seal_period_s``  least seconds between blocks of an authority's engine; None: no such chain.
    raises        InvalidBlockError; ConfigError: the block is of a fork that is not known here.
    """
    profile = forks.profile(header)
    same("number", parent.number + 1, header.number)
    _check_merge(header, parent, forks, profile)
    _check_fields(header, profile)
    _check_time(header, parent, seal_period_s)
    _check_extra_data(header, is_sealed=seal_period_s is not None)
    _check_gas(header, parent, forks)
    if profile.blobs is not None and profile.fork >= Fork.CANCUN:
        _check_blobs(header, parent, profile)


def _check_merge(header: Header, parent: Header, forks: ForkSchedule, profile: Profile) -> None:
    if header.difficulty:
        is_late = parent.difficulty == 0 and parent.number > 0
        if is_late or forks.has_time_forks(header.timestamp):
            raise InvalidBlockError("difficulty", "0, of proof of stake", str(header.difficulty))
        return
    if profile.fork < Fork.PARIS:
        raise InvalidBlockError("difficulty", "above 0: this chain has no merge here", "0")
    same("nonce", bytes(8), header.nonce)
    same("uncles hash", EMPTY_OMMERS_HASH, header.ommers_hash)


def _check_fields(header: Header, profile: Profile) -> None:
    want = next((count for fork, count in _FIELD_COUNTS if profile.fork >= fork), 15)
    got = field_count(header)
    if got != want:
        raise InvalidBlockError("header fields", f"{want} for {profile.name}", str(got))


def _check_time(header: Header, parent: Header, seal_period_s: int | None) -> None:
    is_sealed = seal_period_s is not None and header.difficulty > 0
    least = parent.timestamp + (seal_period_s or 0 if is_sealed else 1)
    if header.timestamp < least:
        raise InvalidBlockError("timestamp", f"at least {least}", str(header.timestamp))


def _check_extra_data(header: Header, *, is_sealed: bool) -> None:
    limit = EXTRA_DATA_BYTES_MAX if is_sealed and header.difficulty else _EXTRA_DATA_BYTES
    size = len(header.extra_data)
    if size > limit:
        raise InvalidBlockError("extra data size", f"at most {limit}", str(size))


def _check_gas(header: Header, parent: Header, forks: ForkSchedule) -> None:
    check_gas_fields(header)
    is_london = forks.has(Fork.LONDON, header.number)
    is_first = is_london and not forks.has(Fork.LONDON, parent.number)
    # London's target is half of its limit, so the limit doubles for the target to stay.
    before = parent.gas_limit * (_ELASTICITY if is_first else 1)
    check_gas_drift(header, before)
    if is_london:
        same("base fee", _INITIAL_BASE_FEE if is_first else next_base_fee(parent), header.base_fee)


def _check_blobs(header: Header, parent: Header, profile: Profile) -> None:
    assert profile.blobs is not None
    assert header.blob_gas_used is not None
    most = profile.blobs.maximum * GAS_PER_BLOB
    if header.blob_gas_used > most:
        raise InvalidBlockError("blob gas limit", f"at most {most}", str(header.blob_gas_used))
    target = profile.blobs.target * GAS_PER_BLOB
    excess = (parent.excess_blob_gas or 0) + (parent.blob_gas_used or 0) - target
    same("excess blob gas", max(excess, 0), header.excess_blob_gas)
