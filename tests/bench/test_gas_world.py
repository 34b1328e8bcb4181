"""The world of the gas report: the same gas as another chain, forks, refusals."""

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.gas_people import application, registration, visit
from node.bench.gas_world import PMR_ID, Call, GasWorld, account
from node.contracts.deploy import DeploySettings, deploy_all
from tests.bench.gas_rows import world
from tests.contracts.stock_chain import StockChain


def test_gas_is_what_another_chain_of_stock_pyevm_takes() -> None:
    here = GasWorld.found()
    chain = StockChain()
    members = tuple(account(f"m{place}") for place in range(3))
    validators = tuple(account(f"v{place}") for place in range(4))
    deploy_all(chain, DeploySettings(members, validators, min_validators=1))
    asked = application(here, "h1")
    assert here.send(asked) == chain.transact(account("h1"), asked.to, asked.data).gas


def test_a_fork_has_a_future_of_its_own() -> None:
    one, other = world(), world()
    one.send(visit(one))
    assert one.view(one.suite.pmr.entry_count(PMR_ID)) == 2
    assert other.view(other.suite.pmr.entry_count(PMR_ID)) == 1
    assert (one.number, one.time_s) == (other.number + 1, other.time_s + 5)


def test_a_refusal_names_the_contract_and_its_error() -> None:
    here = world()
    with pytest.raises(CandidateFaultError, match=r"PatientRegistry .*DuplicateRegistration"):
        here.send(registration(here, "p1"))


def test_a_refused_call_changes_nothing() -> None:
    here = world()
    before = here.view(here.suite.patients.next_patient_id())
    with pytest.raises(CandidateFaultError):
        here.send(Call("nobody", here.suite.patients.address, b"\xff\xff\xff\xff"))
    assert here.view(here.suite.patients.next_patient_id()) == before
