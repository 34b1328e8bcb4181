"""Masters of patients' wallets: those of the seed, and those after a recovery."""

from node.base.rng import TreeEntropy
from node.sim.audit_wallets import masters_of
from node.sim.cast import cast_all, cast_hospitals, fresh_account, new_wallet_entropy
from node.sim.world import World
from tests.sim.small import ARRIVE, scenario

RECOVER = """
  - {do: recover_key, id: found, patient: p0, guardian: g0, hospital: h0}
"""


def test_every_patient_has_the_master_of_the_cast() -> None:
    found = scenario(ARRIVE)
    cast = cast_all(found, cast_hospitals(found), World(found).cast.ward.contracts)
    masters = masters_of(found)
    assert list(masters) == [one.wallet.address for one in cast.patients.values()]
    assert [one.wallet._master for one in cast.patients.values()] == list(masters.values())


def test_a_recovery_adds_the_accounts_that_it_can_lead_to() -> None:
    from node.sim.loader import load
    from tests.sim.small import text

    actors = "  labs: {l0: {hospital: h0}}\n  guardians: {g0: {hospital: h0}}\n"
    words = text(ARRIVE + RECOVER).replace("  labs: {l0: {hospital: h0}}\n", actors)
    found = load(words, "small.yaml")
    ward = World(found).cast.ward
    masters = masters_of(found)
    assert len(masters) == len(found.actors.patients) + 2
    for entropy in (new_wallet_entropy(7, "p0"), TreeEntropy(7, "step", "found")):
        signer, wallet = fresh_account(ward, entropy)
        assert masters[signer.address] == wallet._master
