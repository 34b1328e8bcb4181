"""Lending and refreshing the scalars of ``ssms-feldman``, with commitments that go along.

By linearity ``z_x = y_x + g_x`` lies on the sum of two committed polynomials, so whoever is handed
it can check it, and a step adds its commitments to those of the manifest.  A step shares
``delta = e - e'``: k' gains it, e and its grants lose it, and ``k' + e`` stays.  How a share is
moved or released is in ``refresh``, for all schemes.
source        secret-sharing.md sections 8, 9 and 12; Herzberg et al. 1995.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from node.sss.bn128 import is_public_point, negative, product, total
from node.sss.commitments import Manifest
from node.sss.derivation import KEY_BYTES, commitment_of, key_of_scalar
from node.sss.drbg import Stream
from node.sss.errors import (
    MixedEpochsError,
    MixedRecordsError,
    ShareFormatError,
    ShareMissingError,
    WrongKeyError,
)
from node.sss.feldman import fits
from node.sss.scalars import WIDE_BYTES, interpolate, scalar_of, value_at, write_scalar
from node.sss.shares import Container, Kind, Scheme, check_against, container_of


@dataclass(frozen=True, slots=True)
class CommittedShares:
    """Shares of one polynomial, index 1 .. N, and the k points that commit to it."""

    shares: tuple[Container, ...]
    points: tuple[bytes, ...]


def grant_shares(manifest: Manifest, essential: bytes, *, stream: Stream) -> CommittedShares:
    """Share the current e among the custodians, kind 3: the first point is E.

    Draws k-1 times 48 bytes for the coefficients, then the salts of index 1 .. N.

    raises        ShareFormatError: ``scheme``, the deal is not of scheme 4.
    """
    return _shared(manifest, Kind.GRANT, int.from_bytes(essential), manifest.epoch, stream)


def delta_shares(
    manifest: Manifest, essential: bytes, following: bytes, *, stream: Stream
) -> CommittedShares:
    """Share ``essential - following``, the step into the next epoch, kind 4.

    raises        ShareFormatError: ``scheme``, the deal is not of scheme 4.
                  ValueError: e is the same in both epochs, which no point can commit to.
    """
    if essential == following:
        raise ValueError("a step changes the essential share")
    delta = int.from_bytes(essential) - int.from_bytes(following)
    return _shared(manifest, Kind.DELTA, delta, manifest.epoch + 1, stream)


def _shared(
    manifest: Manifest, kind: Kind, secret: int, epoch: int, stream: Stream
) -> CommittedShares:
    _check_scheme(manifest)
    header = manifest.header
    coefficients = (
        secret,
        *(scalar_of(stream.take(WIDE_BYTES)) for _ in range(header.needed - 1)),
    )
    salts = [stream.take(KEY_BYTES) for _ in range(header.custodians)]
    return CommittedShares(
        tuple(
            container_of(
                header, kind, x, salt, write_scalar(value_at(coefficients, x)), epoch=epoch
            )
            for x, salt in enumerate(salts, start=1)
        ),
        tuple(map(product, coefficients)),
    )


def is_fitting_grant(manifest: Manifest, points: Sequence[bytes], share: Container) -> bool:
    """Say whether a grant share is one of the patient's e, as far as the public points tell.

    ``points``    what came with the deposit: the first one must be E.
    raises        ShareFormatError, MixedRecordsError, MixedEpochsError: another share.
    """
    _check_share(manifest, share, Kind.GRANT, manifest.epoch)
    is_of_e = _are_points(manifest, points) and points[0] == manifest.points[-1]
    return is_of_e and fits(points, share.index, share.payload)


def is_fitting_step(manifest: Manifest, points: Sequence[bytes], share: Container) -> bool:
    """Say whether a step's share lies on the polynomial that its points commit to.

    That the step leaves ``k' + e`` alone needs no check: it moves E by the same point.

    raises        ShareFormatError, MixedRecordsError, MixedEpochsError: another share.
    """
    _check_share(manifest, share, Kind.DELTA, manifest.epoch + 1)
    return _are_points(manifest, points) and fits(points, share.index, share.payload)


def stepped_manifest(
    manifest: Manifest, points: Sequence[bytes], digests: Sequence[bytes]
) -> Manifest:
    """Give the manifest of the next epoch: ``C_j + D_j`` and ``E - D_0``.

    ``digests``   of the containers of index 0 .. N in the next epoch.
    raises        ShareFormatError: ``scheme``; ``point``, the points commit to no step.
                  ValueError: not one digest for each holder.
    """
    _check_scheme(manifest)
    if not _are_points(manifest, points):
        raise ShareFormatError("point")
    if len(digests) != manifest.header.n:
        raise ValueError(f"this deal has {manifest.header.n} holders")
    essential = total(manifest.points[-1], negative(points[0]))
    moved = (*_sums(manifest, points), essential)
    if not all(map(is_public_point, moved)):
        raise ShareFormatError("point")
    return replace(manifest, epoch=manifest.epoch + 1, digests=tuple(digests), points=moved)


def is_fitting_release(
    manifest: Manifest, points: Sequence[bytes], index: int, released: bytes
) -> bool:
    """Say whether ``z_x`` is what the custodian of an index owes to a grantee.

    ``points``    of the grant, in the epoch of the manifest.  A wrong answer is known at once, from
                  this custodian alone, before k of them have answered.
    """
    _check_scheme(manifest)
    return _are_points(manifest, points) and fits(_sums(manifest, points), index, released)


def lent_key(manifest: Manifest, released: Mapping[int, bytes]) -> bytes:
    """Give K from released points by index, of which the k lowest are used.

    raises        ShareFormatError: ``scheme``.  ShareMissingError: fewer than k.
                  WrongKeyError: K is not the committed one: ``is_fitting_release`` tells who lied.
    """
    _check_scheme(manifest)
    header = manifest.header
    present = tuple(sorted(released))
    if len(present) < header.needed:
        raise ShareMissingError(len(present), header.needed, present)
    points = {x: int.from_bytes(released[x]) for x in present[: header.needed]}
    key = key_of_scalar(write_scalar(interpolate(points)))
    if commitment_of(key) != header.commitment:
        raise WrongKeyError
    return key


def _sums(manifest: Manifest, points: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(total(a, b) for a, b in zip(manifest.points[:-1], points, strict=True))


def _are_points(manifest: Manifest, points: Sequence[bytes]) -> bool:
    return len(points) == manifest.header.needed and all(map(is_public_point, points))


def _check_scheme(manifest: Manifest) -> None:
    if manifest.header.scheme is not Scheme.SSMS_FELDMAN:
        raise ShareFormatError("scheme")


def _check_share(manifest: Manifest, share: Container, kind: Kind, epoch: int) -> None:
    """Check that a share is of this deal, kind and epoch.

    raises        ShareFormatError, MixedRecordsError, MixedEpochsError.
    """
    _check_scheme(manifest)
    deal_id = manifest.header.deal_id()
    if share.deal_id != deal_id:
        raise MixedRecordsError(deal_id, share.deal_id)
    check_against(share, manifest.header)
    if share.kind is not kind:
        raise ShareFormatError("kind", share.index)
    if share.epoch != epoch:
        raise MixedEpochsError((epoch, share.epoch))
