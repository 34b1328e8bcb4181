"""What a deal of ``ssms-1tn`` draws before a byte of the record is read: D, K and its shares.

A record in memory and one in a file start with the same draws (secret-sharing.md section 4).
"""

from dataclasses import dataclass
from typing import Final

from node.base.ports import Entropy
from node.sss.deals import deal_of, header_of
from node.sss.derivation import KEY_BYTES, EssentialSecret, commitment_of
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.gf256 import add
from node.sss.shamir import split
from node.sss.shares import Container, DealHeader, Scheme
from node.sss.terms import DealTerms, Profile, check_entropy, check_plan

NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, repr=False)
class KeyedDeal:
    """A deal without its fragments.  The essential share goes to the patient and nobody else."""

    header: DealHeader
    key: bytes
    """K; whoever is done with the record drops it."""
    essential: Container
    custodians: tuple[Container, ...]
    """Index 1 .. N."""

    def __repr__(self) -> str:
        return f"KeyedDeal(t={self.header.t}, n={self.header.n}, {self.header.deal_id().hex()[:8]})"


def draw_deal(
    length: int,
    terms: DealTerms,
    *,
    entropy: Entropy,
    seeds: SeedsUsed,
    profile: Profile,
    derived: EssentialSecret | None = None,
) -> KeyedDeal:
    """Draw the key of a record of ``length`` bytes and share it.

    ``entropy``   48 bytes are taken; the system's in production, a seeded one in a simulation.
    ``derived``   the essential share from the patient's wallet; None draws a random one.
    raises        SharingPlanError, SeedReuseError;
                  SimulatedSecretError: the source of entropy does not fit the profile.
    """
    check_plan(t=terms.t, n=terms.n)
    check_entropy(entropy, profile)
    needed, count = terms.t - 1, terms.n - 1
    # the order of draws is law: the vectors replay it
    stream = fresh_stream(entropy, seeds)
    key = stream.take(KEY_BYTES)
    nonce = stream.take(NONCE_BYTES)
    e = stream.take(KEY_BYTES) if derived is None else derived.share
    random_shares = [stream.take(KEY_BYTES) for _ in range(needed - 1)]
    salts = [stream.take(KEY_BYTES) for _ in range(count + 1)]
    if derived is not None:
        salts[0] = derived.salt
    header = header_of(
        Scheme.SSMS, terms, profile, length=length, commitment=commitment_of(key), nonce=nonce
    )
    dealt = deal_of(header, (e, *split(add(key, e), random_shares, total=count)), salts)
    return KeyedDeal(header, key, dealt.essential, dealt.custodians)
