import pytest

from node.base.errors import CallRevertedError
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.contracts.doctor_registry import DoctorOnboarded
from node.contracts.hospital_registry import HospitalApplied
from node.evm.errors import CallFailedError, NonceError, ReplacementUnderpricedError
from node.workflows.errors import ContractRevertError
from node.workflows.requests import Ask, AwaitInclusion, Call, Inclusion, NextNonce, Submit
from node.workflows.transacting import CALL_GAS, event_of, send, transact
from tests.workflows.stage import Stage, drive

NODE = Address(b"\1" * 20)
HASH = Hash32(b"\3" * 32)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


def listing(stage: Stage) -> tuple[Address, PrivateKey, bytes]:
    labs = stage.contracts.labs
    account = stage.lab("l0").signer.address
    return labs.address, stage.hospital("h0").signer, labs.list_lab(account, "l0")


def test_a_call_is_tried_before_it_is_signed_and_submitted(stage: Stage) -> None:
    to, signer, data = listing(stage)
    done = drive(send(stage.ward, NODE, signer, to, data), b"", 5, HASH)
    tried, counted, submitted = done.asked
    assert tried == Ask(NODE, Call(to, data, signer.address))
    assert counted == Ask(NODE, NextNonce(signer.address))
    assert isinstance(submitted.request, Submit)
    transaction = stage.world.nodes["h0"].ledger.decode(submitted.request.raw)
    assert (transaction.sender, transaction.nonce, transaction.gas) == (
        signer.address,
        5,
        CALL_GAS,
    )
    assert (transaction.to, transaction.data) == (to, data)


def test_value_goes_with_the_trial_and_with_the_transaction(stage: Stage) -> None:
    to, signer, data = listing(stage)
    done = drive(send(stage.ward, NODE, signer, to, data, value_wei=9), b"", 5, HASH)
    tried, _, submitted = done.asked
    assert tried == Ask(NODE, Call(to, data, signer.address, 9))
    assert stage.world.nodes["h0"].ledger.decode(submitted.request.raw).value == 9


def test_what_an_account_does_not_have_it_does_not_send(stage: Stage) -> None:
    to, signer, data = listing(stage)
    with pytest.raises(CallFailedError, match="insufficient funds"):
        stage.do(send(stage.ward, signer.address, signer, to, data, value_wei=1))


def test_what_a_contract_refuses_never_reaches_the_pool(stage: Stage) -> None:
    to, signer, data = listing(stage)
    flow = send(stage.ward, NODE, signer, to, data)
    next(flow)
    with pytest.raises(ContractRevertError, match="HospitalNotVerified"):
        flow.throw(CallRevertedError(keccak256(b"HospitalNotVerified()")[:4]))


SENDER = Address(b"\2" * 20)
TAKEN = [NonceError(SENDER, 6, 5), ReplacementUnderpricedError(SENDER, 5)]


@pytest.mark.parametrize("taken", TAKEN)
def test_a_nonce_that_is_taken_meanwhile_is_asked_for_again(stage: Stage, taken) -> None:
    to, signer, data = listing(stage)
    done = drive(send(stage.ward, NODE, signer, to, data), b"", 5, taken, 6, HASH)
    assert done.value == HASH
    last = stage.world.nodes["h0"].ledger.decode(done.asked[-1].request.raw)
    assert (last.nonce, last.data) == (6, data)


@pytest.mark.parametrize("taken", TAKEN)
def test_a_nonce_that_is_always_taken_is_given_up(stage: Stage, taken) -> None:
    to, signer, data = listing(stage)
    with pytest.raises(type(taken)):
        drive(send(stage.ward, NODE, signer, to, data), b"", *(5, taken) * 16)


def test_a_nonce_that_is_too_high_is_not_tried_again(stage: Stage) -> None:
    to, signer, data = listing(stage)
    with pytest.raises(NonceError):
        drive(send(stage.ward, NODE, signer, to, data), b"", 5, NonceError(SENDER, 3, 5))


FAILED = Inclusion(HASH, HASH, 12, 60, succeeded=False, gas_used=30_000, logs=())


def test_what_reverts_in_its_block_is_asked_again_for_the_reason(stage: Stage) -> None:
    to, signer, data = listing(stage)
    reason = CallRevertedError(keccak256(b"ConsentPeriod()")[:4])
    with pytest.raises(ContractRevertError, match=r"ConsentPeriod\(\)"):
        drive(transact(stage.ward, NODE, signer, to, data), b"", 0, HASH, FAILED, reason)


def test_a_revert_whose_reason_is_gone_names_its_block(stage: Stage) -> None:
    to, signer, data = listing(stage)
    with pytest.raises(ContractRevertError, match=r"RevertedInBlock\(12\)"):
        drive(transact(stage.ward, NODE, signer, to, data), b"", 0, HASH, FAILED, b"")


@pytest.mark.parametrize("final", [True, False])
def test_acting_waits_for_the_block_as_long_as_it_is_told(stage: Stage, final: bool) -> None:
    to, signer, data = listing(stage)
    done_well = Inclusion(HASH, HASH, 12, 60, succeeded=True, gas_used=30_000, logs=())
    flow = transact(stage.ward, NODE, signer, to, data, final=final)
    done = drive(flow, b"", 0, HASH, done_well)
    assert done.asked[-1] == Ask(NODE, AwaitInclusion(HASH, final))
    assert done.value is done_well


def test_a_final_transaction_stands_below_the_final_block_of_its_node(stage: Stage) -> None:
    to, signer, data = listing(stage)
    done = stage.do(transact(stage.ward, stage.hospital("h0").node, signer, to, data))
    assert done.number <= stage.world.nodes["h0"].chain.final.number
    assert done.gas_used < CALL_GAS


def test_an_event_is_found_by_contract_and_kind(stage: Stage) -> None:
    hospital, doctor = stage.hospital("h1"), stage.doctor("d1")
    registry = stage.contracts.doctors
    data = registry.onboard(
        doctor.signer.address,
        doctor.registration,
        name="n",
        specialisation="s",
        contact="c",
        key=doctor.reader.sealing_public,
    )
    done = stage.do(transact(stage.ward, hospital.node, hospital.signer, registry.address, data))
    event = event_of(done, registry.address, DoctorOnboarded)
    assert isinstance(event, DoctorOnboarded)
    assert event.account == doctor.signer.address
    with pytest.raises(ContractRevertError, match=r"EventMissing\(HospitalApplied\)"):
        event_of(done, registry.address, HospitalApplied)
    with pytest.raises(ContractRevertError, match="EventMissing"):
        event_of(done, stage.contracts.hospitals.address, DoctorOnboarded)
