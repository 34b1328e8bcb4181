"""What a dealer fixes before any share exists, and what no deal may be.

Clauses: secret-sharing.md sections 1 and 4.
"""

from dataclasses import dataclass
from enum import Enum

from node.base.limits import HOLDERS_COUNT_MAX
from node.base.ports import Entropy
from node.base.rng import SystemEntropy
from node.base.types import Address
from node.sss.errors import SharingPlanError, SimulatedSecretError
from node.sss.shares import DealHeader


class Profile(Enum):
    """Whose secrets these are: those of a simulation and real ones never meet."""

    SIMULATION = "simulation"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class DealTerms:
    """What the dealer fixes: the record's place, who deals, and (1,t,n)."""

    chain_id: int
    pmr_id: bytes
    record_version: int
    generation: int
    dealer: Address
    t: int
    n: int

    def __post_init__(self) -> None:
        """Check widths.  raises ValueError: a field does not fit its place in the header."""
        widths = ((self.chain_id, 64), (self.record_version, 32), (self.generation, 32))
        if len(self.pmr_id) != 32 or len(self.dealer) != 20:
            raise ValueError("pmr_id has 32 bytes, dealer 20")
        if not all(0 <= value < 1 << bits for value, bits in widths):
            raise ValueError("chain_id is a u64, record_version and generation are u32")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Names of what is allowed and worth a thought."""
        found = ("single_custodian_opens",) if self.t == 2 else ()
        return (*found, "no_loss_tolerance") if self.t == self.n else found


def check_plan(*, t: int, n: int) -> None:
    """Check that a deal can have these holders.

    raises        SharingPlanError: not 2 <= t <= n <= 255.
    """
    if n > HOLDERS_COUNT_MAX:
        raise SharingPlanError(t, n, f"at most {HOLDERS_COUNT_MAX} holders")
    if t < 2:
        raise SharingPlanError(t, n, "t counts the patient and at least one custodian: t >= 2")
    if t > n:
        raise SharingPlanError(t, n, "more shares are needed than there are: t <= n")


def check_profile(header: DealHeader, profile: Profile) -> None:
    """Check that a deal belongs to this kind of network.

    raises        SimulatedSecretError: a simulated deal in production, or the reverse.
    """
    if header.is_simulated != (profile is Profile.SIMULATION):
        made = "a simulation" if header.is_simulated else "a real network"
        raise SimulatedSecretError(f"the deal was made by {made}, the profile is {profile.value}")


def check_entropy(entropy: Entropy, profile: Profile) -> None:
    """Check that a source of randomness belongs to this kind of network.

    raises        SimulatedSecretError: a seeded source in production, or the system's in a
                  simulation.
    """
    if isinstance(entropy, SystemEntropy) != (profile is Profile.PRODUCTION):
        raise SimulatedSecretError(
            f"the profile is {profile.value}, the entropy is {type(entropy).__name__}"
        )
