"""Shares of e that are lent (kind 3), and steps that move a deal to the next epoch (kind 4).

Both are Shamir shares, k of N; those of scheme 4 are made by ``feldman_refresh``, for their
commitments go with them.  By linearity ``y_x xor g_x`` is a share of K, and ``y_x xor
delta_x`` is a share of the next epoch's k'; K and the fragments never change.
source        secret-sharing.md sections 8 and 9; Herzberg et al. 1995.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from typing import Final

from node.sss.derivation import KEY_BYTES
from node.sss.drbg import Stream
from node.sss.errors import (
    MixedEpochsError,
    MixedRecordsError,
    ShareFormatError,
    SharingPlanError,
    StaleEpochError,
)
from node.sss.gf256 import add
from node.sss.scalars import write_scalar
from node.sss.shamir import split
from node.sss.shares import Container, DealHeader, Kind, Scheme, container_of

_DEPOSIT_LABEL: Final = b"wardnet/sss/deposit/v1\x00"


def grant_shares(
    header: DealHeader, essential: bytes, *, epoch: int, stream: Stream
) -> tuple[Container, ...]:
    """Share the current e among the custodians: index 1 .. N, kind 3.

    raises        SharingPlanError: the deal is not of ssms-1tn.
    """
    return _shared(header, Kind.GRANT, essential, epoch, stream)


def delta_shares(
    header: DealHeader, essential: bytes, following: bytes, *, epoch: int, stream: Stream
) -> tuple[Container, ...]:
    """Share ``essential xor following``, the step INTO ``epoch``: index 1 .. N, kind 4.

    raises        SharingPlanError: the deal is not of ssms-1tn.
    """
    return _shared(header, Kind.DELTA, add(essential, following), epoch, stream)


def renewal_shares(
    header: DealHeader, essentials: Sequence[bytes], *, epoch: int, stream: Stream
) -> tuple[tuple[Container, ...], ...]:
    """Share the steps of several epochs in a row, on polynomials that nobody has seen.

    ``essentials``  e of ``epoch``, of the next one, and so on: one more than there are steps.
    returns       for index 1 .. N its steps into epoch + 1, epoch + 2, ..., kind 4.
    raises        ValueError: fewer than two, which make no step.
    """
    if len(essentials) < 2:
        raise ValueError("a renewal has at least one step: e of two epochs")
    steps = (
        delta_shares(header, before, after, epoch=epoch + number, stream=stream)
        for number, (before, after) in enumerate(pairwise(essentials), start=1)
    )
    return tuple(zip(*steps, strict=True))


def _shared(
    header: DealHeader, kind: Kind, secret: bytes, epoch: int, stream: Stream
) -> tuple[Container, ...]:
    if header.scheme is not Scheme.SSMS:
        rule = f"shares of {header.scheme.name} are not lent or refreshed byte by byte"
        raise SharingPlanError(header.t, header.n, rule)
    random_shares = [stream.take(KEY_BYTES) for _ in range(header.needed - 1)]
    salts = [stream.take(KEY_BYTES) for _ in range(header.custodians)]
    values = split(secret, random_shares, total=header.custodians)
    return tuple(
        container_of(header, kind, index, salt, value, epoch=epoch)
        for index, (salt, value) in enumerate(zip(salts, values, strict=True), start=1)
    )


def apply_delta(share: Container, delta: Container) -> Container:
    """Move a custodian's share or a grant share to the next epoch, under the delta's salt.

    raises        ShareFormatError: ``kind``, a container of another kind.
                  MixedRecordsError: another deal.  ValueError: another index.
                  StaleEpochError: the delta is not the step after the share's epoch.
    """
    if share.kind not in (Kind.CUSTODIAN, Kind.GRANT) or delta.kind is not Kind.DELTA:
        raise ShareFormatError("kind", share.index)
    _check_pair(share, delta)
    if delta.epoch != share.epoch + 1:
        raise StaleEpochError(share.epoch, delta.epoch)
    payload = _stepped(share, delta.payload)
    return replace(share, epoch=delta.epoch, salt=delta.salt, payload=payload)


def _stepped(share: Container, delta: bytes) -> bytes:
    if share.scheme is not Scheme.SSMS_FELDMAN:
        return add(share.payload, delta)
    # k' gains what e loses; where + and - are not the same, a share of e has to lose it, too
    value, step = int.from_bytes(share.payload), int.from_bytes(delta)
    return write_scalar(value + step if share.kind is Kind.CUSTODIAN else value - step)


def released_point(share: Container, grant: Container) -> bytes:
    """Give ``z_x = y_x xor g_x``, a share of K: what a custodian hands to a grantee.

    In scheme 4 it is ``y_x + g_x mod r``.

    raises        ShareFormatError: ``kind``.  MixedRecordsError: another deal.
                  MixedEpochsError: another epoch.  ValueError: another index.
    """
    if share.kind is not Kind.CUSTODIAN or grant.kind is not Kind.GRANT:
        raise ShareFormatError("kind", share.index)
    _check_pair(share, grant)
    if share.epoch != grant.epoch:
        raise MixedEpochsError((share.epoch, grant.epoch))
    if share.scheme is Scheme.SSMS_FELDMAN:
        return write_scalar(int.from_bytes(share.payload) + int.from_bytes(grant.payload))
    return add(share.payload, grant.payload)


def _check_pair(left: Container, right: Container) -> None:
    if left.deal_id != right.deal_id:
        raise MixedRecordsError(left.deal_id, right.deal_id)
    if left.index != right.index:
        raise ValueError(f"shares of index {left.index} and {right.index} do not meet")


def deposit_root(digests: Iterable[bytes]) -> bytes:
    """Give the root over SHA-256 of every custodian's deposit, index 1 .. N in order."""
    return sha256(_DEPOSIT_LABEL + b"".join(digests)).digest()
