"""How likely a deal can still be opened when holders lose their shares, each on its own.

    P(open) = p_e * sum_{j=k..N} C(N,j) p^j (1-p)^(N-j)

with p_e and p the probabilities that the essential share and one custodian's share are still
there (secret-sharing.md section 14).  Real custodians share buildings, versions and
administrators, so this is the best that can be hoped for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from node.base.chance import Sampled, fewer_than, interval
from node.base.errors import ConfigError
from node.base.limits_sharing import SIMULATED_SHARES_COUNT_MAX
from node.base.rng import Blocks, derive_key
from node.sss.terms import check_plan

_LANES = 8
_DRAWN_AT_ONCE = 2**16
_MANTISSA_BITS = 53


@dataclass(frozen=True, slots=True)
class LossBudget:
    """A plan and what may get lost.

    raises        SharingPlanError: not 2 <= t <= n <= 255.
                  ConfigError: a probability outside 0 .. 1.
    """

    t: int
    n: int
    share_loss: float
    """Probability that one custodian's share is gone."""
    essential_loss: float
    """Probability that the patient's share is gone."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        check_plan(t=self.t, n=self.n)
        for name, value in (("loss", self.share_loss), ("essential loss", self.essential_loss)):
            if not 0 <= value <= 1:
                raise ConfigError(f"{name}: wants a probability from 0 to 1, got {value}")


def opening(budget: LossBudget) -> float:
    """Give the probability that the record can be opened."""
    custodians = budget.n - 1
    spare = custodians - (budget.t - 1)
    # at least k are there = fewer than N-k+1 are lost; 1 - shut() would round small values away
    return (1 - budget.essential_loss) * fewer_than(spare + 1, custodians, budget.share_loss)


def shut(budget: LossBudget) -> float:
    """Give the probability that the record cannot be opened; a small one keeps its digits."""
    too_few = fewer_than(budget.t - 1, budget.n - 1, 1 - budget.share_loss)
    return budget.essential_loss + (1 - budget.essential_loss) * too_few


def simulate(budget: LossBudget, trials: int, seed: int) -> Sampled:
    """Draw the fate of every share ``trials`` times; a loss is a record that cannot be opened.

    Ends early when SIMULATED_SHARES_COUNT_MAX shares have been drawn.  The same seed, the same
    fates.

    raises        ConfigError: fewer than one trial.
    """
    if trials < 1:
        raise ConfigError(f"trials: wants at least 1, got {trials}")
    played = min(trials, SIMULATED_SHARES_COUNT_MAX // budget.n)
    blocks = Blocks(derive_key(seed, ("share", "durability")))
    at_once = max(1, _DRAWN_AT_ONCE // budget.n)
    losses = 0
    for start in range(0, played, at_once):
        count = min(at_once, played - start)
        fates = _uniforms(blocks, count * budget.n).reshape(count, budget.n)
        custodians = np.count_nonzero(fates[:, 1:] >= budget.share_loss, axis=1)
        opens = (fates[:, 0] >= budget.essential_loss) & (custodians >= budget.t - 1)
        losses += count - int(np.count_nonzero(opens))
    return Sampled(played, losses, *interval(losses, played))


def _uniforms(blocks: Blocks, count: int) -> NDArray[np.float64]:
    """Give ``count`` numbers in [0, 1), float64[count]."""
    drawn = b"".join(blocks.draw() for _ in range(-(-count // _LANES)))
    lanes = np.frombuffer(drawn, "<u8")[:count] >> np.uint64(64 - _MANTISSA_BITS)
    numbers: NDArray[np.float64] = np.multiply(lanes, 2.0**-_MANTISSA_BITS, dtype=np.float64)
    return numbers
