"""What a scenario's network is founded with."""

from collections.abc import Mapping

from node.app.engines import EnginePlan
from node.app.founding import FoundingHospital, FoundingParty, FoundingPlan
from node.base.types import MICROS_PER_SECOND
from node.sim.cast import cast_institutions, regulator_keys
from node.sim.schema import actors
from node.sim.schema.scenario import Scenario
from node.sim.schema.steps import RegisterHospital
from node.workflows.ward import Hospital


def founding_plan(
    scenario: Scenario, hospitals: dict[str, Hospital], engine: EnginePlan
) -> FoundingPlan:
    """Found the network: who registers in a step starts unverified, the others are Verified."""
    registering = {step.hospital for step in scenario.steps if isinstance(step, RegisterHospital)}
    verified = tuple(
        FoundingHospital(
            account=one.signer.address,
            registration=one.registration,
            name=one.title,
            location=one.location,
            specialisation=one.specialisation,
            contact=one.contact,
            custody_key=one.custody_key,
        )
        for name, one in hospitals.items()
        if name not in registering
    )
    researchers = scenario.actors.researchers
    funds = {name: one.funds_wei for name, one in researchers.items()}
    validators = tuple(one.signer.address for one in hospitals.values())
    return FoundingPlan(
        chain_id=scenario.chain.id,
        timestamp=scenario.run.epoch_us // MICROS_PER_SECOND,
        gas_limit=scenario.chain.gas_limit,
        engine=engine,
        members=tuple(key.address for key in regulator_keys(scenario).values()),
        validators=validators,
        verified=verified,
        min_validators=min_validators(len(validators)),
        first_patient_id=scenario.records.first_patient_id,
        utc_offset_seconds=scenario.utc_offset_s,
        recovery_seconds=-(-scenario.records.recovery_wait_us // MICROS_PER_SECOND),
        retention_seconds=-(-scenario.records.retention_us // MICROS_PER_SECOND),
        review_seconds=-(-scenario.records.emergency_review_us // MICROS_PER_SECOND),
        retention_from_commencement=scenario.records.retention_from == "commencement",
        token=scenario.chain.token,
        insurers=_parties(scenario, hospitals, scenario.actors.insurers, "IRDAI-", {}),
        researchers=_parties(scenario, hospitals, researchers, "RES-", funds),
    )


def _parties(
    scenario: Scenario,
    hospitals: dict[str, Hospital],
    listed: Mapping[str, actors.Institution],
    prefix: str,
    funds: Mapping[str, int],
) -> tuple[FoundingParty, ...]:
    return tuple(
        FoundingParty(
            one.signer.address,
            one.registration,
            one.title,
            one.contact,
            one.node,
            one.reader.sealing_public,
            funds.get(one.name, 0),
        )
        for one in cast_institutions(scenario, hospitals, listed, prefix).values()
    )


def min_validators(count: int) -> int:
    """Give the MIN_VALIDATORS of a network that begins with so many: one may always go."""
    return max(1, min(4, count - 1))
