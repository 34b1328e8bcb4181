"""``nlss-q``: every byte of the message is the value of a quadratic form at a hidden point.

``s' = m xor e = Q(x)``; custodian i holds ``Q(x + d_i)`` for a public vector d_i, and its Shamir
share of the tie bits that tell the two points apart which k shares leave.  Byte for byte in
secret-sharing.md section 6.

Claim: educational, own quadratic construction in the spirit of the literature; with ``e`` and k-1
custodians it LEAKS 0.9956 of 8 bits per byte at t=3; strictly weaker than Shamir at equal t; never
the default.
"""

from collections.abc import Iterable

import numpy as np

from node.base.limits_sharing import NLSS_SECRET_BYTES_MAX
from node.base.ports import Entropy
from node.sss.commitments import Manifest
from node.sss.deals import Deal, deal_of, header_of
from node.sss.drbg import SeedsUsed, Stream, fresh_stream
from node.sss.errors import SharingPlanError
from node.sss.holders import checked_holders
from node.sss.long_rows import split_long, values_long, xor_long
from node.sss.message import (
    SALT_BYTES,
    Members,
    check_record,
    message_commitment,
    open_committed,
)
from node.sss.nlss_rows import evaluate, spread
from node.sss.quadrics import Line, lines_of, quadratic_plan_fault, subsets_of
from node.sss.record_key import OpenedRecord
from node.sss.shares import Octets, Scheme
from node.sss.terms import DealTerms, Profile, check_profile


def deal(
    record: Octets, terms: DealTerms, *, entropy: Entropy, seeds: SeedsUsed, profile: Profile
) -> Deal:
    """Share a record so that e AND any t-1 of the n-1 custodians open it.

    ``record``    1 .. NLSS_SECRET_BYTES_MAX bytes.
    ``entropy``   48 bytes are taken; the system's in production, a seeded one in a simulation.
    raises        what ``message.check_record`` raises; SeedReuseError;
                  SharingPlanError: t is even, or there are more than 70 sets of t-1 custodians.
    """
    plain = check_record(
        record, terms, bytes_max=NLSS_SECRET_BYTES_MAX, entropy=entropy, profile=profile
    )
    needed, count = terms.t - 1, terms.n - 1
    fault = quadratic_plan_fault(needed=needed, count=count)
    if fault is not None:
        raise SharingPlanError(terms.t, terms.n, fault)
    # the order of draws is law: the vectors replay it
    stream = fresh_stream(entropy, seeds)
    vectors = _draw_vectors(stream, needed, count)
    message = stream.take(SALT_BYTES) + plain
    length = len(message)
    e = stream.take(length)
    columns = [_draw_nonzero(stream, length), *(stream.take(length) for _ in range(needed - 2))]
    values, planes = spread(vectors, _lines(vectors), xor_long(message, e), columns)
    tie_random = [stream.take(len(planes)) for _ in range(needed - 1)]
    ties = split_long(planes, tie_random, total=count)
    salts = [stream.take(SALT_BYTES) for _ in range(terms.n)]
    header = header_of(
        Scheme.NLSS_Q,
        terms,
        profile,
        length=len(plain),
        commitment=message_commitment(message),
    )
    payloads = (e, *(value + tie for value, tie in zip(values, ties, strict=True)))
    return deal_of(header, payloads, salts, vectors)


def open_record(manifest: Manifest, shares: Iterable[Octets], *, profile: Profile) -> OpenedRecord:
    """Rebuild a record from the patient's share and custodians' shares.

    ``shares``    containers of kind 0 and 1 of one epoch, in any order.
    raises        SimulatedSecretError, what ``holders.checked_holders`` raises;
                  WrongSecretError: the commitment differs; names the liars if more than t-1 came.
    """
    check_profile(manifest.header, profile)
    e, payloads = checked_holders(manifest, shares)
    length = len(e)
    vectors = manifest.vectors
    values = {index: payload[:length] for index, payload in payloads.items()}
    ties = {index: payload[length:] for index, payload in payloads.items()}
    sets, lines = subsets_of(len(vectors), manifest.header.needed), _lines(vectors)
    plane_bytes = -(-length // 8)

    def solve(members: Members, targets: list[bytes]) -> tuple[bytes, ...]:
        place = sets.index(members)
        start = place * plane_bytes
        pieces = {index: ties[index][start : start + plane_bytes] for index in members}
        (plane,) = values_long(pieces, (0,))
        given = [values[index] for index in members]
        return evaluate(vectors, lines[place], given, plane, targets)

    def rebuild(members: Members) -> bytes:
        (masked,) = solve(members, [bytes(len(members))])
        return xor_long(masked, e)

    def liars_of(members: Members) -> Members:
        others = [index for index in payloads if index not in members]
        if not others:
            return ()
        expected = solve(members, [vectors[index - 1] for index in others])
        basis = {index: ties[index] for index in members}
        right = zip(others, expected, values_long(basis, others), strict=True)
        return tuple(
            index for index, value, tie in right if (value, tie) != (values[index], ties[index])
        )

    return open_committed(manifest.header, tuple(payloads), rebuild, liars_of)


def _draw_vectors(stream: Stream, needed: int, count: int) -> tuple[bytes, ...]:
    """Draw all vectors again until every set of k custodians can open."""
    while True:
        drawn = stream.take(needed * count)
        vectors = tuple(drawn[start : start + needed] for start in range(0, len(drawn), needed))
        if lines_of(vectors) is not None:
            return vectors


def _draw_nonzero(stream: Stream, length: int) -> bytes:
    """Draw a string without zeros: they are drawn again, the lowest position first."""
    row = np.frombuffer(bytearray(stream.take(length)), np.uint8)
    while (zeros := np.flatnonzero(row == 0)).size:
        row[zeros] = np.frombuffer(stream.take(zeros.size), np.uint8)
    return row.tobytes()


def _lines(vectors: tuple[bytes, ...]) -> tuple[Line, ...]:
    lines = lines_of(vectors)
    assert lines is not None  # the dealer drew until, and the manifest's decoder checked it
    return lines
