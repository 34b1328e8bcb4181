"""How a network begins: contracts, authority, validators and hospitals in the genesis."""

from dataclasses import replace

import pytest

from node.app.founding import FoundingParty, found
from node.base.errors import CallRevertedError, ConfigError
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.base.types import EMPTY_CODE_HASH
from node.contracts.names import CONTRACT_NAMES
from node.contracts.reverts import decode_error
from node.contracts.suite import ContractSuite
from node.evm.ledger import Ledger
from tests.app.ward import EPOCH_S, HOSPITALS, MEMBERS, STRANGER, founded, hospital, plan


@pytest.fixture(scope="module")
def founding():
    """Give four validators, the first two of them Verified hospitals."""
    return founded(4, (0, 1))


@pytest.fixture(scope="module")
def ledger(founding):
    return Ledger(founding.genesis, verifier=MemoVerifier())


def ask(ledger, question):
    return question.decode(ledger.call(question.to, question.data))


def refusal(changed):
    """Give the custom error that a contract refuses a plan with."""
    with pytest.raises(CallRevertedError) as refused:
        found(changed)
    return decode_error(refused.value.data).name


# -- contracts


def test_every_contract_stands_in_the_alloc_with_code(founding):
    addresses = {founding.contracts.name_of(address): address for address in founding.genesis.alloc}
    assert set(CONTRACT_NAMES) <= set(addresses)
    assert all(founding.genesis.alloc[addresses[name]].code for name in CONTRACT_NAMES)


def test_the_genesis_names_the_contracts_as_the_suite_has_them(founding):
    named = founding.genesis.ward["contracts"]
    addresses = {name: bytes.fromhex(text[2:]) for name, text in named.items()}
    assert ContractSuite.at(addresses) == founding.contracts


def test_the_contracts_answer_on_a_ledger_of_this_genesis(founding, ledger):
    assert ledger.state().get_code_hash(founding.contracts.pmr.address) != EMPTY_CODE_HASH
    assert ask(ledger, founding.contracts.pmr.entries(1)) == ()


# -- authority and validators


def test_the_government_has_the_members_of_the_plan(founding, ledger):
    members = ask(ledger, founding.contracts.government.members())
    assert set(members) == {member.address for member in MEMBERS}


def test_the_registry_and_the_engine_begin_with_the_same_validators(founding, ledger):
    extra = founding.genesis.extra_data
    listed = [extra[at : at + 20] for at in range(32, len(extra) - 65, 20)]
    assert listed == sorted(one.address for one in HOSPITALS)
    assert set(ask(ledger, founding.contracts.government.get_validators())) == set(listed)


def test_the_order_of_the_validators_in_the_plan_does_not_matter():
    forth = plan(3)
    back = replace(forth, validators=forth.validators[::-1])
    assert found(forth).genesis.extra_data == found(back).genesis.extra_data


def test_a_plan_without_a_validator_is_refused():
    with pytest.raises(ConfigError, match="no validator is named"):
        found(plan(validators=0))


def test_a_validator_that_is_named_twice_is_refused_by_name():
    made, twice = plan(2), HOSPITALS[1].address
    with pytest.raises(ConfigError, match=f"0x{twice.hex()} is named twice"):
        found(replace(made, validators=(*made.validators, twice)))


def test_one_validator_is_enough():
    assert len(founded(1).genesis.extra_data) == 32 + 20 + 65


def test_waiting_times_of_the_plan_reach_the_contracts():
    made = found(plan(1, recovery_seconds=7, retention_seconds=9))
    ledger = Ledger(made.genesis, verifier=MemoVerifier())
    assert ask(ledger, made.contracts.patients.recovery_seconds()) == 7
    assert ask(ledger, made.contracts.pmr.retention_seconds()) == 9


def test_a_recovery_without_waiting_is_refused():
    assert refusal(plan(1, recovery_seconds=0)) == "SettingOutOfRange"


# -- hospitals


def test_a_founding_hospital_is_verified_with_its_key(founding, ledger):
    found_one = ask(ledger, founding.contracts.hospitals.hospital(HOSPITALS[0].address))
    assert found_one.is_verified
    assert found_one.custody_key == hospital(0).custody_key


def test_founding_hospitals_have_different_ids(founding, ledger):
    hospitals = founding.contracts.hospitals
    ids = [ask(ledger, hospitals.id_of(HOSPITALS[n].address)) for n in (0, 1)]
    assert sorted(ids) == [1, 2]


def test_a_validator_that_is_no_founding_hospital_is_not_verified(founding, ledger):
    question = founding.contracts.hospitals.hospital(HOSPITALS[2].address)
    assert not ask(ledger, question).is_verified


def test_the_account_of_a_founding_hospital_has_not_sent_anything(ledger):
    assert ledger.state().get_nonce(HOSPITALS[0].address) == 0


def test_a_hospital_that_applies_twice_is_refused():
    assert refusal(plan(2, verified=(0, 0))) == "DuplicateRegistration"


def test_two_hospitals_of_one_registration_are_refused():
    other = replace(hospital(1), registration=hospital(0).registration)
    assert refusal(replace(plan(2), verified=(hospital(0), other))) == "DuplicateRegistration"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_majority_of_any_authority_verifies(count):
    members = tuple(member.address for member in MEMBERS[:count])
    made = found(plan(1, verified=(0,), members=members))
    ledger = Ledger(made.genesis, verifier=MemoVerifier())
    assert ask(ledger, made.contracts.hospitals.hospital(HOSPITALS[0].address)).is_verified


def test_an_authority_without_members_is_refused():
    assert refusal(plan(1, members=())) == "SettingOutOfRange"


# -- the genesis


def test_time_gas_and_clique_of_the_plan_stand_in_the_genesis(founding):
    genesis = founding.genesis
    assert (genesis.timestamp, genesis.gas_limit) == (EPOCH_S, 30_000_000)
    assert genesis.engine_settings == {"period": 1, "epoch": 30_000}


def test_the_same_plan_gives_the_same_genesis():
    hashes = {
        Ledger(found(plan(2, verified=(0,))).genesis, verifier=MemoVerifier()).genesis_hash
        for _ in range(2)
    }
    assert len(hashes) == 1


def test_another_chain_id_gives_another_genesis():
    """The consent registry keeps the chain's id in its code (EIP-712)."""
    hashes = {
        Ledger(found(plan(1, chain_id=chain_id)).genesis, verifier=MemoVerifier()).genesis_hash
        for chain_id in (1, 2)
    }
    assert len(hashes) == 2


def test_a_stranger_has_no_account(founding):
    assert STRANGER.address not in founding.genesis.alloc


# -- insurers and researchers


def party(name: str) -> FoundingParty:
    key = PrivateKey.from_bytes(keccak256(name.encode()))
    return FoundingParty(
        key.address,
        f"REG-{name}",
        name,
        f"{name}@example.org",
        HOSPITALS[0].address,
        bytes([7] * 32),
    )


def test_insurers_and_researchers_of_the_plan_are_listed_in_the_genesis():
    insurer, researcher = party("I1"), party("R1")
    parties = {"insurers": (insurer,), "researchers": (researcher,)}
    made = found(replace(plan(4, (0,)), **parties))
    ledger = Ledger(made.genesis, verifier=MemoVerifier())
    insurance, research = made.contracts.insurance, made.contracts.research
    assert ask(ledger, insurance.is_active(insurer.account))
    assert ask(ledger, research.is_active(researcher.account))
    assert not ask(ledger, insurance.is_active(researcher.account))
    assert not ask(ledger, research.is_active(insurer.account))


def test_two_insurers_of_one_registration_found_nothing():
    twins = (party("I1"), replace(party("I2"), registration="REG-I1"))
    assert refusal(replace(plan(4, (0,)), insurers=twins)) == "DuplicateRegistration"


def test_a_researcher_holds_its_funds_and_nobody_else_holds_anything():
    rich, poor = replace(party("R1"), funds_wei=10**18), party("R2")
    made = found(replace(plan(4, (0,)), researchers=(rich, poor)))
    balances = {who: one.balance for who, one in made.genesis.alloc.items() if one.balance}
    assert balances == {rich.account: 10**18}
    state = Ledger(made.genesis, verifier=MemoVerifier()).state()
    assert (state.get_balance(rich.account), state.get_balance(poor.account)) == (10**18, 0)
