"""How a network begins: contracts, authority and first validators become a genesis.

The constructors run on an empty state; hospitals that need no registration later are verified
there by the same calls and votes that would verify them on the chain, so no contract has a back
door for the beginning (records.md section 3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from node.app.engines import EnginePlan
from node.base.errors import ConfigError
from node.base.types import Address
from node.contracts.deploy import (
    RECOVERY_SECONDS,
    RETENTION_SECONDS,
    REVIEW_SECONDS,
    DeploySettings,
    deploy_all,
)
from node.contracts.government_actions import (
    Action,
    ListInsurer,
    ListResearcher,
    VerifyHospital,
)
from node.contracts.insurance_registry import InsuranceRegistry
from node.contracts.names import ERC721
from node.contracts.research_pool import ResearchPool
from node.contracts.suite import ContractSuite
from node.evm.genesis import Genesis, GenesisAccount
from node.evm.scratch import Scratch


@dataclass(frozen=True, slots=True)
class FoundingHospital:
    """A hospital that stands Verified in the genesis."""

    account: Address
    registration: str
    name: str
    location: str
    specialisation: str
    contact: str
    custody_key: bytes


@dataclass(frozen=True, slots=True)
class FoundingParty:
    """An insurer or a researcher that is listed in the genesis."""

    account: Address
    registration: str
    name: str
    contact: str
    operator: Address
    """The hospital through whose node it reads."""
    key: bytes
    """X25519."""
    funds_wei: int = 0
    """What its account holds in the genesis."""


@dataclass(frozen=True, slots=True)
class FoundingPlan:
    """What a network is founded with."""

    chain_id: int
    timestamp: int
    """Of the genesis, seconds."""
    gas_limit: int
    engine: EnginePlan
    members: tuple[Address, ...]
    """The government authority."""
    validators: tuple[Address, ...]
    """The first validator keys."""
    verified: tuple[FoundingHospital, ...]
    min_validators: int
    first_patient_id: int
    utc_offset_seconds: int
    recovery_seconds: int = RECOVERY_SECONDS
    retention_seconds: int = RETENTION_SECONDS
    review_seconds: int = REVIEW_SECONDS
    retention_from_commencement: bool = False
    token: str = ERC721
    insurers: tuple[FoundingParty, ...] = ()
    researchers: tuple[FoundingParty, ...] = ()


@dataclass(frozen=True, slots=True)
class Founding:
    """A genesis and the contracts in it."""

    genesis: Genesis
    contracts: ContractSuite


def found(plan: FoundingPlan) -> Founding:
    """Make the genesis.

    raises        ConfigError: the plan has no validator, or names one twice.
                  CallRevertedError: a contract refuses a setting or a founding hospital.
    """
    validators = tuple(sorted(plan.validators))
    if not validators:
        raise ConfigError("no validator is named, a network is founded by at least one")
    for one, following in pairwise(validators):
        if one == following:
            raise ConfigError(f"validator 0x{one.hex()} is named twice, wants each once")
    scratch = Scratch(plan.chain_id, timestamp=plan.timestamp)
    deployment = deploy_all(
        scratch,
        DeploySettings(
            members=plan.members,
            validators=validators,
            min_validators=plan.min_validators,
            first_patient_id=plan.first_patient_id,
            utc_offset_seconds=plan.utc_offset_seconds,
            recovery_seconds=plan.recovery_seconds,
            retention_seconds=plan.retention_seconds,
            review_seconds=plan.review_seconds,
            retention_from_commencement=plan.retention_from_commencement,
            token=plan.token,
        ),
    )
    contracts = ContractSuite.at(deployment.addresses)
    for hospital in plan.verified:
        _verify(scratch, contracts, plan.members, hospital)
    for party in plan.insurers:
        _decide(scratch, contracts, plan.members, ListInsurer(party.account))
        _describe(scratch, contracts.insurance, party)
    for party in plan.researchers:
        _decide(scratch, contracts, plan.members, ListResearcher(party.account))
        _describe(scratch, contracts.research, party)
    genesis = Genesis(
        chain_id=plan.chain_id,
        gas_limit=plan.gas_limit,
        extra_data=plan.engine.genesis_extra(validators),
        mix_hash=plan.engine.mix_hash,
        alloc=_funded(scratch.dump(), plan.researchers),
        profile=plan.engine.profile,
        engine=plan.engine.config_key,
        engine_settings=plan.engine.settings_of(contracts.government.address),
        ward={"contracts": _hex(deployment.addresses)},
        timestamp=plan.timestamp,
    )
    return Founding(genesis, contracts)


def _verify(
    scratch: Scratch,
    contracts: ContractSuite,
    members: Sequence[Address],
    hospital: FoundingHospital,
) -> None:
    registry = contracts.hospitals
    application = registry.submit_application(
        hospital.registration,
        name=hospital.name,
        location=hospital.location,
        specialisation=hospital.specialisation,
        contact=hospital.contact,
        custody_key=hospital.custody_key,
    )
    scratch.call(hospital.account, registry.address, application)
    _decide(scratch, contracts, members, VerifyHospital(hospital.account))


def _decide(
    scratch: Scratch, contracts: ContractSuite, members: Sequence[Address], action: Action
) -> None:
    """Have the authority decide, by a strict majority."""
    government = contracts.government
    proposal = government.propose(action)
    proposal_id = int.from_bytes(scratch.call(members[0], government.address, proposal))
    for member in members[1 : len(members) // 2 + 1]:
        scratch.call(member, government.address, government.vote(proposal_id))


def _describe(
    scratch: Scratch, register: InsuranceRegistry | ResearchPool, party: FoundingParty
) -> None:
    data = register.describe(
        party.registration,
        operator=party.operator,
        name=party.name,
        contact=party.contact,
        key=party.key,
    )
    scratch.call(party.account, register.address, data)


def _funded(
    alloc: Mapping[Address, GenesisAccount], parties: Sequence[FoundingParty]
) -> dict[Address, GenesisAccount]:
    """Give the accounts of a genesis with what parties begin with; all others hold nothing."""
    accounts = dict(alloc)
    for party in parties:
        if party.funds_wei:
            account = accounts.get(party.account, GenesisAccount())
            balance = account.balance + party.funds_wei
            accounts[party.account] = replace(account, balance=balance)
    return {address: accounts[address] for address in sorted(accounts)}


def _hex(addresses: Mapping[str, Address]) -> dict[str, str]:
    return {name: f"0x{address.hex()}" for name, address in addresses.items()}
