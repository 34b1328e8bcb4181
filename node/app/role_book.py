"""What senders are in the registries at the head of the own ledger, for the pool.

A role stands for as long as the licence behind it: a member of the authority, a Verified hospital,
a listed lab, a doctor who is not suspended, a patient, a bound device, a listed institution.  A
guardian counts as a patient while somebody names it as such: it must be able to start a recovery.
Whether a role is enough for a certain call is the contracts' business.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeVar

from node.base.limits import ROLE_ANSWERS_COUNT_MAX
from node.base.types import Address, Hash32
from node.contracts.abi import LedgerEvent, View
from node.contracts.bindings import insurance_registry, research_pool
from node.contracts.bindings.iomt_registry import DeviceBound, DeviceUnbound
from node.contracts.doctor_registry import DoctorOnboarded, DoctorSuspended
from node.contracts.government_actions import ActionKind
from node.contracts.government_registry import (
    Enacted,
    HospitalRevoked,
    HospitalSuspended,
    HospitalVerified,
)
from node.contracts.hospital_registry import HospitalApplied, HospitalStatus
from node.contracts.lab_registry import LabListed
from node.contracts.patient_registry import GuardianSet, PatientRegistered, Recovered
from node.contracts.suite import ContractSuite
from node.evm.block_tree import ReorgInfo
from node.evm.blooms import EMPTY_BLOOM, may_hold
from node.evm.ledger import Ledger
from node.evm.roles import Role
from node.evm.transactions import Transaction

T = TypeVar("T")

_MEMBERS: Final = (ActionKind.ADD_MEMBER, ActionKind.REMOVE_MEMBER)


class _Standing(NamedTuple):
    role: Role
    from_s: int
    """Block time from which the role stands again; 0: it stands."""
    is_lent: bool = False
    """A guardian's: it lasts as long as a patient names the account."""


class RoleBook:
    """``Roles`` of a pool, read from the contracts and remembered until an event changes them.

    Asking costs a few calls of contracts, about 0.4 ms each, so each sender is asked for once.
    """

    def __init__(self, ledger: Ledger, contracts: ContractSuite) -> None:
        self._ledger = ledger
        self._contracts = contracts
        self._registries = (
            contracts.government.address,
            contracts.hospitals.address,
            contracts.doctors.address,
            contracts.patients.address,
            contracts.labs.address,
            contracts.devices.address,
            contracts.insurance.address,
            contracts.research.address,
        )
        self._answers: dict[Address, tuple[_Standing, ...]] = {}

    def role_of(self, sender: Address) -> Role | None:
        """Give the role of an account at the head; None: it has none."""
        standings = self._answers.get(sender)
        if standings is None:
            standings = self._read(sender)
            if len(self._answers) >= ROLE_ANSWERS_COUNT_MAX:
                del self._answers[next(iter(self._answers))]
            self._answers[sender] = standings
        now_s = self._ledger.head.timestamp
        return next((each.role for each in standings if each.from_s <= now_s), None)

    def is_application(self, transaction: Transaction) -> bool:
        """Say whether this applies for a Hospital-ID, for an account that has not applied."""
        hospitals = self._contracts.hospitals
        if not hospitals.is_application(transaction.to, transaction.data):
            return False
        applied = self._ask(hospitals.hospital(transaction.sender))
        return applied.status is HospitalStatus.UNKNOWN

    def head_moved(self, moved: ReorgInfo) -> frozenset[Address] | None:
        """Give whose role the moved blocks may have changed; None: anybody's."""
        changed: set[Address] = set()
        for block_hash in (*moved.removed, *moved.added):
            for event in self._events(block_hash):
                match event:
                    case Enacted(kind=kind) if kind in _MEMBERS:
                        self._answers.clear()
                        return None
                    case DoctorSuspended(doctor_id=doctor_id):
                        doctor = self._ask(self._contracts.doctors.doctor(doctor_id))
                        changed.add(doctor.account)
                    case Recovered(old_account=old, new_account=new):
                        changed |= {old, new}
                    case GuardianSet(guardian=guardian):
                        # whose guardian another was before is not told: all are asked again
                        changed.add(guardian)
                        changed.update(self._lent())
                    case (
                        HospitalApplied(account=account)
                        | HospitalVerified(account=account)
                        | HospitalSuspended(account=account)
                        | HospitalRevoked(account=account)
                        | DoctorOnboarded(account=account)
                        | PatientRegistered(account=account)
                        | LabListed(account=account)
                        | DeviceBound(device=account)
                        | DeviceUnbound(device=account)
                        | insurance_registry.PartyAdmitted(account=account)
                        | insurance_registry.PartyStruck(account=account)
                        | research_pool.PartyAdmitted(account=account)
                        | research_pool.PartyStruck(account=account)
                    ):
                        changed.add(account)
                    case _:
                        continue
        for account in changed:
            self._answers.pop(account, None)
        return frozenset(changed)

    def _lent(self) -> list[Address]:
        """Give the remembered accounts that are somebody's guardian and have no better role."""
        return [
            account
            for account, standings in self._answers.items()
            if any(each.is_lent for each in standings)
        ]

    def _events(self, block_hash: Hash32) -> Iterable[LedgerEvent]:
        header = self._ledger.header(block_hash)
        assert header is not None, "the chain has just moved over this block"
        if header.logs_bloom == EMPTY_BLOOM:
            return
        if not any(may_hold(header.logs_bloom, address) for address in self._registries):
            return
        for receipt in self._ledger.receipts(block_hash):
            for log in receipt.logs:
                if log.address in self._registries:
                    event = self._contracts.decode_log(log.address, log.topics, log.data)
                    if event is not None:
                        yield event

    def _read(self, account: Address) -> tuple[_Standing, ...]:
        """Read roles from the first to the last, and stop at one that stands."""
        contracts = self._contracts
        if self._ask(contracts.government.is_member(account)):
            return (_Standing(Role.REGULATOR, 0),)
        if self._ask(contracts.hospitals.is_active(account)):
            return (_Standing(Role.HOSPITAL, 0),)
        if self._ask(contracts.labs.hospital_of(account)):
            return (_Standing(Role.LAB, 0),)
        standings: list[_Standing] = []
        doctor_id = self._ask(contracts.doctors.id_of(account))
        if doctor_id:
            until_s = self._ask(contracts.doctors.doctor(doctor_id)).suspended_until_s
            standings.append(_Standing(Role.DOCTOR, until_s))
        patients = contracts.patients
        if self._ask(patients.id_of(account)):
            standings.append(_Standing(Role.PATIENT, 0))
        elif self._ask(patients.ward_count(account)):
            standings.append(_Standing(Role.PATIENT, 0, is_lent=True))
        if standings:
            return tuple(standings)
        if self._ask(contracts.devices.patient_of(account)):
            standings.append(_Standing(Role.DEVICE, 0))
        registers = contracts.insurance, contracts.research
        if any(self._ask(each.is_active(account)) for each in registers):
            standings.append(_Standing(Role.INSTITUTION, 0))
        return tuple(standings)

    def _ask(self, question: View[T]) -> T:
        return question.decode(self._ledger.call(question.to, question.data))
