import pytest

from node.base.keys import PrivateKey
from node.contracts.registration import registration_word
from node.sim.cast import cast_all, cast_hospitals, regulator_keys, secrets_of
from node.sim.loader import load
from node.sim.schema.scenario import Scenario
from node.sim.world import World


def scenario(seed: int = 7, extra: str = "", doctors: str = "{d0: {hospital: h0}}") -> Scenario:
    return load(
        f"wardnet: 1\nname: x\nrun: {{seed: {seed}}}\n"
        f"actors: {{regulators: 5, doctors: {doctors}, patients: {{p0: {{hospital: h1}}}}, "
        f"labs: {{l0: {{hospital: h2}}}}}}\n{extra}",
        "x.yaml",
    )


@pytest.fixture(scope="module")
def world() -> World:
    return World(scenario(extra="network: {nodes: {h1: {region: in_south}}}\n"))


def test_a_participants_keys_follow_from_seed_and_name() -> None:
    assert secrets_of(7, "h0") == secrets_of(7, "h0")
    assert secrets_of(7, "h0").signer != secrets_of(8, "h0").signer
    assert secrets_of(7, "h0").signer != secrets_of(7, "h1").signer


def test_the_secrets_of_one_participant_differ() -> None:
    secrets = secrets_of(7, "p0")
    assert len(secrets.sealing) == len(secrets.extra) == 32
    assert secrets.sealing != secrets.extra
    assert secrets.signer not in (
        PrivateKey.from_bytes(secrets.sealing),
        PrivateKey.from_bytes(secrets.extra),
    )


def test_keys_do_not_depend_on_who_else_takes_part() -> None:
    few = cast_hospitals(scenario())
    many = cast_hospitals(scenario(extra="network: {validators: 6}\n"))
    assert few["h0"] == many["h0"]


def test_every_node_is_a_hospital_of_its_own() -> None:
    hospitals = cast_hospitals(scenario())
    assert list(hospitals) == ["h0", "h1", "h2", "h3"]
    assert len({one.signer.address for one in hospitals.values()}) == 4
    assert len({one.registration for one in hospitals.values()}) == 4


def test_a_hospital_lies_in_the_region_of_its_node(world: World) -> None:
    assert world.cast.hospitals["h1"].location == "in_south"
    assert world.cast.hospitals["h0"].location == "unspecified"


def test_regulators_are_spread_over_the_nodes(world: World) -> None:
    nodes = [world.cast.name_of(one.node) for one in world.cast.regulators.values()]
    assert nodes == ["h0", "h1", "h2", "h3", "h0"]
    keys = regulator_keys(world.scenario)
    assert {name: one.signer for name, one in world.cast.regulators.items()} == keys


def test_people_stand_at_the_hospital_of_the_file(world: World) -> None:
    cast = world.cast
    assert cast.doctors["d0"].hospital is cast.hospitals["h0"]
    assert cast.patients["p0"].hospital is cast.hospitals["h1"]
    assert cast.labs["l0"].hospital is cast.hospitals["h2"]


def test_patients_are_unlike_and_equal_in_equal_runs(world: World) -> None:
    again = World(scenario()).cast.patients["p0"].person
    assert again.details == world.cast.patients["p0"].person.details
    other = World(scenario(seed=8)).cast.patients["p0"].person
    assert other.details != again.details


def test_a_doctors_account_is_the_one_that_asks_custodians(world: World) -> None:
    doctor = world.cast.doctors["d0"]
    assert doctor.reader.address == doctor.signer.address


def test_what_all_know_is_what_the_file_says(world: World) -> None:
    ward = world.cast.ward
    assert (ward.sharing.t, ward.sharing.n) == (3, 5)
    assert ward.chain_id == world.scenario.chain.id
    assert ward.hospitals == tuple(world.cast.hospitals.values())


@pytest.mark.parametrize("length", [1, 27, 28, 32])
def test_an_id_of_any_length_makes_a_registration_number(length: int) -> None:
    node, doctor = "n" * length, "d" * length
    found = load(
        "wardnet: 1\nname: x\n"
        f"network: {{validators: [{node}]}}\n"
        f"actors: {{doctors: {{{doctor}: {{hospital: {node}}}}}}}\n",
        "x.yaml",
    )
    cast = World(found).cast
    assert node.upper().encode() in registration_word(cast.hospitals[node].registration)
    assert doctor.upper().encode() in registration_word(cast.doctors[doctor].registration)


def test_the_cast_is_made_of_hospitals_that_are_given() -> None:
    world = World(scenario())
    hospitals = cast_hospitals(world.scenario)
    cast = cast_all(world.scenario, hospitals, world.cast.ward.contracts)
    assert cast.hospitals is hospitals
