"""``xor-1tn``: the message itself is shared, so the shares are as long as the record.

``s' = m xor e``: the patient holds e, as long as m, and the custodians share s' (Shamir, k of N).
Byte for byte in secret-sharing.md section 6.

Claim: the shares alone are perfectly secret if the randomness is true; as shipped (deterministic
stream, public digests) computational.
"""

from collections.abc import Iterable

from node.base.limits_sharing import XOR_SECRET_BYTES_MAX
from node.base.ports import Entropy
from node.sss.commitments import Manifest
from node.sss.deals import Deal, deal_of, header_of
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.holders import checked_holders
from node.sss.long_rows import split_long, values_long, xor_long
from node.sss.message import (
    SALT_BYTES,
    Members,
    check_record,
    message_commitment,
    open_committed,
)
from node.sss.record_key import OpenedRecord
from node.sss.shares import Octets, Scheme
from node.sss.terms import DealTerms, Profile, check_profile


def deal(
    record: Octets, terms: DealTerms, *, entropy: Entropy, seeds: SeedsUsed, profile: Profile
) -> Deal:
    """Share a record so that e AND any t-1 of the n-1 custodians open it.

    ``record``    1 .. XOR_SECRET_BYTES_MAX bytes.
    ``entropy``   48 bytes are taken; the system's in production, a seeded one in a simulation.
    raises        what ``message.check_record`` raises; SeedReuseError.
    """
    plain = check_record(
        record, terms, bytes_max=XOR_SECRET_BYTES_MAX, entropy=entropy, profile=profile
    )
    # the order of draws is law: the vectors replay it
    stream = fresh_stream(entropy, seeds)
    message = stream.take(SALT_BYTES) + plain
    e = stream.take(len(message))
    random_shares = [stream.take(len(message)) for _ in range(terms.t - 2)]
    salts = [stream.take(SALT_BYTES) for _ in range(terms.n)]
    shares = split_long(xor_long(message, e), random_shares, total=terms.n - 1)
    header = header_of(
        Scheme.XOR,
        terms,
        profile,
        length=len(plain),
        commitment=message_commitment(message),
    )
    return deal_of(header, (e, *shares), salts)


def open_record(manifest: Manifest, shares: Iterable[Octets], *, profile: Profile) -> OpenedRecord:
    """Rebuild a record from the patient's share and custodians' shares.

    ``shares``    containers of kind 0 and 1 of one epoch, in any order.
    raises        SimulatedSecretError, what ``holders.checked_holders`` raises;
                  WrongSecretError: the commitment differs; names the liars if more than t-1 came.
    """
    check_profile(manifest.header, profile)
    e, points = checked_holders(manifest, shares)

    def rebuild(members: Members) -> bytes:
        (masked,) = values_long({x: points[x] for x in members}, (0,))
        return xor_long(masked, e)

    def liars_of(members: Members) -> Members:
        others = [x for x in points if x not in members]
        expected = values_long({x: points[x] for x in members}, others)
        return tuple(x for x, value in zip(others, expected, strict=True) if value != points[x])

    return open_committed(manifest.header, tuple(points), rebuild, liars_of)
