"""Masters of the patients' wallets of a simulation, for an audit: they follow from the seed.

A patient who lost a wallet or was recovered has other keys than at first, drawn at known places;
all that could be are given, by account, and the audit tries those that the ledger knows.
"""

from collections.abc import Iterator

from node.base.ports import Entropy
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.sim.cast import fresh_secrets, new_wallet_entropy, secrets_of
from node.sim.schema.custody_steps import RecoverKey
from node.sim.schema.scenario import Scenario


def masters_of(scenario: Scenario) -> dict[Address, bytes]:
    """Give the master of every account that a patient of a scenario can come to have."""
    return dict(_masters(scenario))


def _masters(scenario: Scenario) -> Iterator[tuple[Address, bytes]]:
    seed = scenario.run.seed
    for name in scenario.actors.patients:
        secrets = secrets_of(seed, name)
        yield secrets.signer.address, secrets.extra
    # who lost a wallet is recovered to the empty one in its place, anybody else to a step's own
    recoveries = [step for step in scenario.steps if isinstance(step, RecoverKey)]
    for step in recoveries:
        yield _fresh(new_wallet_entropy(seed, step.patient))
        yield _fresh(TreeEntropy(seed, "step", step.id))


def _fresh(entropy: Entropy) -> tuple[Address, bytes]:
    secrets = fresh_secrets(entropy)
    return secrets.signer.address, secrets.extra
