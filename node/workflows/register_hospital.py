"""Workflow 1: a hospital applies, the authority votes, a Hospital-ID is issued."""

from collections.abc import Sequence
from dataclasses import dataclass

from node.contracts.government_actions import Action, VerifyHospital
from node.contracts.government_registry import Proposed
from node.workflows.asking import await_inclusion, view
from node.workflows.requests import Flow
from node.workflows.transacting import CALL_GAS, event_of, transact
from node.workflows.ward import Hospital, Regulator, Ward


@dataclass(frozen=True, slots=True)
class RegisteredHospital:
    """What the flow leaves."""

    hospital_id: int
    proposal_id: int
    validator: bool
    """Whether the hospital's key is in the validator set."""


def register_hospital(
    ward: Ward, hospital: Hospital, regulators: Sequence[Regulator]
) -> Flow[RegisteredHospital]:
    """Apply with the hospital's key, then let the authority verify it.

    raises        ContractRevertError: DuplicateRegistration, NotAuthorityMember, ...
    """
    registry = ward.contracts.hospitals
    applied = yield from transact(
        ward,
        hospital.node,
        hospital.signer,
        registry.address,
        registry.submit_application(
            hospital.registration,
            name=hospital.title,
            location=hospital.location,
            specialisation=hospital.specialisation,
            contact=hospital.contact,
            custody_key=hospital.custody_key,
        ),
        final=False,
    )
    # the proposer's node may be a block behind the hospital's
    yield from await_inclusion(regulators[0].node, applied.tx_hash, final=False)
    proposal_id = yield from decide(ward, regulators, VerifyHospital(hospital.signer.address))
    found = yield from view(hospital.node, registry.hospital(hospital.signer.address))
    validators = yield from view(hospital.node, ward.contracts.government.get_validators())
    return RegisteredHospital(found.hospital_id, proposal_id, hospital.signer.address in validators)


def decide(
    ward: Ward,
    regulators: Sequence[Regulator],
    action: Action,
    *,
    everybody: bool = False,
    gas: int = CALL_GAS,
) -> Flow[int]:
    """Let the authority decide: the first member proposes, others vote until it is a majority.

    ``everybody``  it is an emergency, for which all of them vote.
    Gives the number of the proposal; the deciding vote is final when this returns.

    raises        ContractRevertError: the contract refuses the proposal or a vote.
    """
    government = ward.contracts.government
    first, *others = regulators
    members = yield from view(first.node, government.members())
    proposed = yield from transact(
        ward,
        first.node,
        first.signer,
        government.address,
        government.propose(action),
        final=len(members) == 1,
        gas=gas,
    )
    event = event_of(proposed, government.address, Proposed)
    assert isinstance(event, Proposed)
    # the proposer's own vote is the one that makes a majority strict
    missing = len(members) - 1 if everybody else len(members) // 2
    for voted, regulator in enumerate(others[:missing], start=1):
        # the voter's node may be a block behind the proposer's
        yield from await_inclusion(regulator.node, proposed.tx_hash, final=False)
        yield from transact(
            ward,
            regulator.node,
            regulator.signer,
            government.address,
            government.vote(event.proposal_id),
            final=voted == missing,
            gas=gas,
        )
    return event.proposal_id
