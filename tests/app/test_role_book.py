"""Roles as the registries have them at the head, and when they are looked up again."""

import pytest

from node.app.role_book import RoleBook
from node.contracts.government_actions import (
    AddMember,
    RemoveMember,
    RevokeHospital,
    SuspendHospital,
    VerifyHospital,
)
from node.evm.errors import NonceError, SenderNotRegisteredError
from node.evm.roles import Role
from node.evm.transactions import decode_transaction, sign_legacy
from node.workflows.labs import order_lab
from node.workflows.register_hospital import decide
from node.workflows.register_patient import register_patient
from node.workflows.requests import Submit
from node.workflows.suspend_doctor import suspend_doctor
from node.workflows.transacting import transact
from node.workflows.ward import Lab, Regulator
from tests.app.clinic import opened
from tests.app.forging import extend
from tests.app.ward import (
    CHAIN_ID,
    HOSPITALS,
    MEMBERS,
    RECOVERY_SECONDS,
    STRANGER,
    VERIFIER,
    key_of,
    lone,
    public_key_of,
    sealing_of,
    transaction,
)

ONE, TWO, THREE = HOSPITALS[:3]
REGULATORS = tuple(
    Regulator(f"member {n}", member, HOSPITALS[n % 2].address) for n, member in enumerate(MEMBERS)
)


@pytest.fixture
def clinic():
    return opened()


def role(clinic, key, n=0):
    return clinic.net.cores[n].chain._roles.role_of(key.address)


def decided(clinic, action):
    clinic.net.run(decide(clinic.parties, REGULATORS, action))
    clinic.net.settle()


def signed(key, to, data, nonce=0):
    return sign_legacy(key, chain_id=CHAIN_ID, nonce=nonce, to=to, data=data, gas=900_000)


def application(net, key, nonce=0):
    registry = net.founding.contracts.hospitals
    data = registry.submit_application(
        "GOV-NEW",
        name="New",
        location="Kolkata",
        specialisation="general",
        contact="desk",
        custody_key=public_key_of(sealing_of("hospital 0")),
    )
    return signed(key, registry.address, data, nonce)


# -- what the registries say


def test_everybody_has_the_role_of_their_registry(clinic):
    lab = Lab("lab", key_of("lab"), clinic.hospitals[0])
    asked = (clinic.parties, clinic.doctor, clinic.patient, lab, clinic.visit.pmr_id)
    clinic.net.run(order_lab(*asked, modality="CT", reason=None))
    people = (MEMBERS[0], ONE, lab.signer, clinic.doctor.signer, clinic.patient.signer)
    assert [role(clinic, key) for key in people] == [
        Role.REGULATOR,
        Role.HOSPITAL,
        Role.LAB,
        Role.DOCTOR,
        Role.PATIENT,
    ]


def test_a_stranger_has_no_role(clinic):
    assert role(clinic, STRANGER) is None


def test_a_validator_that_is_no_verified_hospital_has_no_role():
    core = lone(validators=2).cores[0]
    assert core.chain._roles.role_of(ONE.address) is None


def test_a_suspended_hospital_has_no_role_until_it_is_verified_again(clinic):
    decided(clinic, SuspendHospital(TWO.address))
    suspended = role(clinic, TWO)
    decided(clinic, VerifyHospital(TWO.address))
    assert (suspended, role(clinic, TWO)) == (None, Role.HOSPITAL)


def test_a_revoked_hospital_has_no_role(clinic):
    assert role(clinic, TWO) is Role.HOSPITAL
    decided(clinic, RevokeHospital(TWO.address))
    assert role(clinic, TWO) is None


def test_a_suspended_doctor_has_no_role_until_the_time_is_over(clinic):
    doctor = clinic.doctor.signer
    assert role(clinic, doctor) is Role.DOCTOR
    clinic.net.run(suspend_doctor(clinic.parties, clinic.doctor, REGULATORS, seconds=30))
    suspended = role(clinic, doctor)
    clinic.net.grow(30)
    assert (suspended, role(clinic, doctor)) == (None, Role.DOCTOR)


def test_members_come_and_go(clinic):
    before = role(clinic, STRANGER)
    decided(clinic, AddMember(STRANGER.address))
    added = role(clinic, STRANGER)
    decided(clinic, RemoveMember(STRANGER.address))
    assert (before, added, role(clinic, STRANGER)) == (None, Role.REGULATOR, None)


def test_a_new_patient_has_a_role_on_every_node(clinic):
    patient = clinic._patient("second")
    before = [role(clinic, patient.signer, n) for n in (0, 1)]
    clinic.net.run(register_patient(clinic.parties, patient, clinic.entropy))
    assert before == [None, None]
    assert [role(clinic, patient.signer, n) for n in (0, 1)] == [Role.PATIENT] * 2


def ordered(clinic, key, data):
    """Let somebody call the patients' registry through the first hospital's node."""
    hospital, patients = clinic.hospitals[0], clinic.contracts.patients
    clinic.net.run(transact(clinic.parties, hospital.node, key, patients.address, data))


def test_a_guardian_may_send_while_a_patient_names_it(clinic):
    patients, patient = clinic.contracts.patients, clinic.patient.signer
    kin, friend = key_of("kin"), key_of("friend")
    before = [role(clinic, key, n) for key in (kin, friend) for n in (0, 1)]
    ordered(clinic, patient, patients.set_guardian(kin.address))
    named = [role(clinic, key, n) for key in (kin, friend) for n in (0, 1)]
    ordered(clinic, patient, patients.set_guardian(friend.address))
    replaced = [role(clinic, key, n) for key in (kin, friend) for n in (0, 1)]
    assert before == [None] * 4
    assert named == [Role.PATIENT, Role.PATIENT, None, None]
    assert replaced == [None, None, Role.PATIENT, Role.PATIENT]


def test_a_recovered_patient_sends_from_the_new_account_only(clinic):
    patients, patient = clinic.contracts.patients, clinic.patient.signer
    kin, new = key_of("kin"), key_of("patient anew")
    number = clinic.view(patients.id_of(patient.address))
    terms = {"new_account": new.address, "new_key": public_key_of(sealing_of("patient anew"))}
    ordered(clinic, patient, patients.set_guardian(kin.address))
    ordered(clinic, kin, patients.start_recovery(number, **terms))
    ordered(clinic, TWO, patients.confirm_recovery(number, **terms))
    waiting = [role(clinic, key) for key in (patient, new)]
    clinic.net.grow(RECOVERY_SECONDS)
    ordered(clinic, kin, patients.finish_recovery(number))
    assert waiting == [Role.PATIENT, None]
    for n in (0, 1):
        assert [role(clinic, key, n) for key in (patient, new)] == [None, Role.PATIENT]


def test_a_device_may_send_while_somebody_wears_it(clinic):
    devices, device = clinic.contracts.devices, key_of("a monitor")
    doctor, node = clinic.doctor.signer, clinic.doctor.node
    bind = devices.bind_device(device.address, pmr_id=clinic.visit.pmr_id, hospital_id=1)
    before = [role(clinic, device, n) for n in (0, 1)]
    clinic.net.run(transact(clinic.parties, node, doctor, devices.address, bind))
    worn = [role(clinic, device, n) for n in (0, 1)]
    unbind = devices.unbind(device.address)
    clinic.net.run(transact(clinic.parties, node, clinic.patient.signer, devices.address, unbind))
    assert before == [None, None]
    assert worn == [Role.DEVICE, Role.DEVICE]
    assert [role(clinic, device, n) for n in (0, 1)] == [None, None]


# -- asking


class _Counting:
    """A ledger that counts calls of contracts."""

    def __init__(self, ledger):
        self._ledger = ledger
        self.calls = 0

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def call(self, *args):
        self.calls += 1
        return self._ledger.call(*args)


def test_a_sender_is_asked_for_once(clinic):
    ledger = _Counting(clinic.net.cores[0].ledger)
    book = RoleBook(ledger, clinic.contracts)
    for _ in range(3):
        assert book.role_of(clinic.patient.signer.address) is Role.PATIENT
    assert ledger.calls == 5


def test_a_regulator_is_known_by_the_first_answer(clinic):
    ledger = _Counting(clinic.net.cores[0].ledger)
    RoleBook(ledger, clinic.contracts).role_of(MEMBERS[0].address)
    assert ledger.calls == 1


def test_memory_is_bounded_and_answers_stay_right(clinic, monkeypatch):
    monkeypatch.setattr("node.app.role_book.ROLE_ANSWERS_COUNT_MAX", 2)
    book = RoleBook(clinic.net.cores[0].ledger, clinic.contracts)
    for key in (MEMBERS[0], ONE, STRANGER, MEMBERS[0]):
        book.role_of(key.address)
    assert len(book._answers) == 2
    assert book.role_of(ONE.address) is Role.HOSPITAL


def test_a_block_without_registry_events_changes_nobody():
    ward = lone(validators=2)
    core = ward.cores[0]
    core.chain._roles.role_of(STRANGER.address)
    extend(ward, (TWO,), raws=[transaction()])
    assert core.ledger.head.number == 1
    assert list(core.chain._roles._answers) == [STRANGER.address]


# -- a reorganisation


def test_a_role_of_a_left_block_is_gone_with_its_transactions():
    ward = lone(validators=3)
    core, contracts = ward.cores[0], ward.founding.contracts
    (applied,) = extend(ward, (TWO,), raws=[application(ward, STRANGER)])
    votes = (
        signed(
            MEMBERS[0],
            contracts.government.address,
            contracts.government.propose(VerifyHospital(STRANGER.address)),
        ),
        signed(MEMBERS[1], contracts.government.address, contracts.government.vote(1)),
    )
    extend(ward, (THREE,), parent=applied.header.hash(), raws=votes)
    roles = core.chain._roles
    assert roles.role_of(STRANGER.address) is Role.HOSPITAL
    core.chain.pool.add(transaction(STRANGER, nonce=1), ward.now)
    extend(ward, (ONE, TWO, THREE), parent=applied.header.hash())
    assert core.ledger.head.number == 4
    assert roles.role_of(STRANGER.address) is None
    assert {each.sender for each in core.chain.pool.transactions()} == {
        MEMBERS[0].address,
        MEMBERS[1].address,
    }


# -- applications


def test_a_newcomer_may_apply_and_nothing_else():
    ward = lone()
    newcomer = key_of("a newcomer")
    with pytest.raises(SenderNotRegisteredError):
        ward.answer(ward.ask(0, Submit(transaction(newcomer))))
    assert len(ward.answer(ward.ask(0, Submit(application(ward, newcomer))))) == 32


def test_who_has_applied_cannot_apply_again():
    ward = lone()
    extend(ward, (TWO,), raws=[application(ward, STRANGER)])
    with pytest.raises(SenderNotRegisteredError):
        ward.answer(ward.ask(0, Submit(application(ward, STRANGER, nonce=1))))


def test_an_application_that_was_turned_down_may_be_repeated():
    ward = lone()
    government = ward.founding.contracts.government
    (applied,) = extend(ward, (TWO,), raws=[application(ward, STRANGER)])
    votes = [
        signed(
            MEMBERS[0], government.address, government.propose(RevokeHospital(STRANGER.address))
        ),
        signed(MEMBERS[1], government.address, government.vote(1)),
    ]
    extend(ward, (ONE,), parent=applied.header.hash(), raws=votes)
    assert len(ward.answer(ward.ask(0, Submit(application(ward, STRANGER, nonce=1))))) == 32


def test_an_application_waits_for_no_other_transaction():
    ward = lone()
    with pytest.raises(NonceError):
        ward.answer(ward.ask(0, Submit(application(ward, STRANGER, nonce=1))))


def test_another_call_of_the_registry_is_no_application(clinic):
    registry = clinic.contracts.hospitals
    roles = clinic.net.cores[0].chain._roles
    key_change = signed(STRANGER, registry.address, registry.set_key(bytes(31) + b"\x01"))
    elsewhere = signed(STRANGER, clinic.contracts.doctors.address, bytes.fromhex("00" * 4))
    for raw in (key_change, elsewhere):
        assert not roles.is_application(decode_transaction(raw, VERIFIER))
