"""``ssms-feldman``, the verifiable option: as ``ssms-1tn``, with commitments to the key's shares.

e, k' and the custodians' shares y_x are scalars modulo the order r of alt_bn128 G1; the manifest
says ``C_j = a_j G`` for the coefficients of the custodians' polynomial (a_0 = k') and ``E = e G``.
So everybody can tell a share that fits from one that does not, before any opening.  Then
``K = HKDF(be32(k' + e mod r))``, and record, cipher and fragments are those of ``ssms-1tn``.

Order of draws (the specification gives none; K is not drawn): nonce 12, e 48 (only if not derived
from a wallet), a_0 .. a_{k-1} 48 each, salts of index 0 .. N 32 each (salt 0 is replaced when
derived).  A scalar is 48 bytes reduced: see ``scalars.scalar_of``.

Claim: computational, and a wrong share can be proved to a contract.  Publishing k'G is harmless
because K is a uniformly random key: never use it for secrets that can be guessed.  What no
commitment shows before the first opening: whether K is the one that the header commits to, and
whether the fragments hold anything.
source        Feldman 1987, section 4; secret-sharing.md section 12.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from node.base.limits import RECORD_IN_MEMORY_BYTES_MAX
from node.base.ports import Entropy
from node.sss import ssms
from node.sss.bn128 import evaluate, product
from node.sss.commitments import Manifest
from node.sss.deals import Deal, deal_of, header_of
from node.sss.derivation import (
    KEY_BYTES,
    EssentialSecret,
    commitment_of,
    key_of_scalar,
    wide_essential,
)
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.errors import WrongEssentialShareError, WrongKeyError
from node.sss.fragments import container_bytes, write_fragments
from node.sss.holders import checked_holders
from node.sss.keyed_deal import NONCE_BYTES, KeyedDeal
from node.sss.message import check_record
from node.sss.record_key import OpenedRecord
from node.sss.scalars import WIDE_BYTES, interpolate, is_scalar, scalar_of, value_at, write_scalar
from node.sss.shares import Container, Octets, Scheme
from node.sss.terms import DealTerms, Profile, check_profile


def deal(
    record: Octets,
    terms: DealTerms,
    *,
    entropy: Entropy,
    seeds: SeedsUsed,
    profile: Profile,
    derived: EssentialSecret | None = None,
) -> Deal:
    """Encrypt a record and share it so that e AND any t-1 of the n-1 custodians open it.

    ``record``    1 .. RECORD_IN_MEMORY_BYTES_MAX bytes.
    ``entropy``   48 bytes are taken; the system's in production, a seeded one in a simulation.
    ``derived``   the patient's wallet's 32 bytes, which e follows from; None draws e.
    raises        what ``message.check_record`` raises; SeedReuseError.
    """
    plain = check_record(
        record, terms, bytes_max=RECORD_IN_MEMORY_BYTES_MAX, entropy=entropy, profile=profile
    )
    # the order of draws is law: see the module's docstring
    stream = fresh_stream(entropy, seeds)
    nonce = stream.take(NONCE_BYTES)
    e = scalar_of(stream.take(WIDE_BYTES) if derived is None else wide_essential(derived.share))
    coefficients = [scalar_of(stream.take(WIDE_BYTES)) for _ in range(terms.t - 1)]
    salts = [stream.take(KEY_BYTES) for _ in range(terms.n)]
    if derived is not None:
        salts[0] = derived.salt
    key = key_of_scalar(write_scalar(coefficients[0] + e))
    header = header_of(
        Scheme.SSMS_FELDMAN,
        terms,
        profile,
        length=len(plain),
        commitment=commitment_of(key),
        nonce=nonce,
    )
    shares = (e, *(value_at(coefficients, x) for x in range(1, terms.n)))
    points = tuple(map(product, (*coefficients, e)))
    dealt = deal_of(header, tuple(map(write_scalar, shares)), salts, points=points)
    rooms = [bytearray(container_bytes(header)) for _ in dealt.custodians]
    write_fragments(KeyedDeal(header, key, dealt.essential, dealt.custodians), plain, rooms)
    return dealt.with_fragments(map(bytes, rooms))


def open_record(
    manifest: Manifest,
    shares: Iterable[Octets],
    fragments: Iterable[Octets],
    *,
    profile: Profile,
) -> OpenedRecord:
    """Rebuild a record from the patient's share, custodians' shares and fragments.

    ``shares``    containers of kind 0 and 1 of one epoch, in any order.
    raises        SimulatedSecretError, what ``holders.checked_holders`` and ``ssms.decrypt``
                  raise;
                  WrongEssentialShareError: e is the manifest's and does not fit E.
                  WrongKeyError: the committed key did not come out; names every share that does
                  not fit the commitments, however few came.
    """
    header = manifest.header
    check_profile(header, profile)
    essential, payloads = checked_holders(manifest, shares)
    e = int.from_bytes(essential)
    points = {index: int.from_bytes(payload) for index, payload in payloads.items()}
    basis = dict(tuple(points.items())[: header.needed])
    key = key_of_scalar(write_scalar(interpolate(basis) + e))
    if commitment_of(key) != header.commitment:
        raise _wrong_key(manifest, e, points)
    # the key is the committed one, so the basis is right: no curve arithmetic is needed
    others = (x for x in points if x not in basis)
    liars = tuple(x for x in others if interpolate(basis, at=x) != points[x])
    return OpenedRecord(ssms.decrypt(manifest, key, fragments), liars)


def _wrong_key(
    manifest: Manifest, e: int, points: Mapping[int, int]
) -> WrongEssentialShareError | WrongKeyError:
    """Say whose share is wrong; the points tell, where schemes 1 to 3 search among subsets."""
    if product(e) != manifest.points[-1]:
        return WrongEssentialShareError("it does not fit the point E of the manifest")
    committed = manifest.points[:-1]
    return WrongKeyError(
        tuple(x for x, y in points.items() if not fits(committed, x, write_scalar(y)))
    )


class Fit(Enum):
    """What everybody can tell of a share who is shown its container and the manifest."""

    COMMITTED = "it is the share that the manifest lists, and fits the public points"
    LISTED = "it is the share that the manifest lists"
    ALTERED = "it is not the share that the manifest lists: its holder changed it"
    MISDEALT = "the manifest lists it, but it misses the public points: the dealer lied"

    @property
    def is_good(self) -> bool:
        """Whether the share belongs to the record as far as can be told."""
        return self in (Fit.COMMITTED, Fit.LISTED)


def judge(manifest: Manifest, share: Container) -> Fit:
    """Say whether a share of kind 0 or 1 belongs to the record that a manifest commits to.

    By the salted digest in every scheme, and in scheme 4 also by the public points.  Nothing is
    opened, and nobody else's share is needed.
    """
    if share.digest() != manifest.digests[share.index]:
        return Fit.ALTERED
    if manifest.header.scheme is not Scheme.SSMS_FELDMAN:
        return Fit.LISTED
    *coefficients, essential = manifest.points
    points = coefficients if share.index else (essential,)
    is_fitting = fits(points, share.index, share.payload)
    return Fit.COMMITTED if is_fitting else Fit.MISDEALT


def fits(points: Sequence[bytes], index: int, payload: bytes) -> bool:
    """Say whether a scalar is the value at ``index`` of the polynomial that points commit to."""
    return is_scalar(payload) and product(int.from_bytes(payload)) == evaluate(points, index)
