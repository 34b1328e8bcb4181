"""Cases of the gas report: the authority, its validators, hospitals, doctors, parties.

To add a case, add a line to a list of cases (here, in ``gas_record_cases``, or in a file of the
same shape that ``gas.ALL_CASES`` joins).
"""

from typing import Final

from node.base.types import Address
from node.bench.gas_care_cases import upheld
from node.bench.gas_people import (
    MEMBERS_MAX,
    Case,
    add_hospital,
    application,
    lowest_key,
    onboarding,
    to_government,
)
from node.bench.gas_world import CHAIN_ID, DAY_SECONDS, Call, GasWorld, account, key_of, word
from node.contracts.government_actions import (
    Action,
    AddMember,
    AdmitValidator,
    EmergencyWithdraw,
    ListInsurer,
    ListResearcher,
    RemoveMember,
    RevokeHospital,
    SetLicence,
    StrikeInsurer,
    StrikeResearcher,
    SuspendDoctor,
    SuspendHospital,
    VerifyHospital,
    WithdrawValidator,
)
from node.contracts.key_rotation import RotateKey

AFFILIATIONS_MAX: Final = 16
"""Of one doctor: the constant of ``DoctorRegistry``."""


def _proposal(world: GasWorld, action: Action) -> Call:
    return to_government(world, "m0", world.suite.government.propose(action))


def _vote(world: GasWorld, member: str, number: int = 1) -> Call:
    return to_government(world, member, world.suite.government.vote(number))


def _late_vote(world: GasWorld, votes_before: int) -> Call:
    """Give the next vote of 64 members after so many."""
    world.send(_proposal(world, AddMember(account("n"))))
    for place in range(1, votes_before):
        world.send(_vote(world, f"m{place}"))
    return _vote(world, f"m{votes_before}")


def _verification(world: GasWorld) -> Call:
    world.send(application(world, "h3"))
    return world.enact(VerifyHospital(account("h3")))


def _reinstatement(world: GasWorld) -> Call:
    world.send(world.enact(SuspendHospital(account("h2"))))
    return world.enact(VerifyHospital(account("h2")))


def _admission(hospital: str, key: Address) -> Action:
    return AdmitValidator(account(hospital), key, word("node id"), word("licence"))


def _admission_to_the_last_place(world: GasWorld) -> Call:
    world.send(world.enact(WithdrawValidator(account("v1"))))
    return world.enact(_admission("v0", lowest_key()))


def _emergency(world: GasWorld) -> Call:
    world.send(world.enact(EmergencyWithdraw(account("v0"))))
    number = world.view(world.suite.government.proposal_count())
    return _vote(world, "m2", number)


def _struck(world: GasWorld, listed: Action, struck: Action) -> Call:
    world.send(world.enact(listed))
    return world.enact(struck)


def _sweep(world: GasWorld, hospital: str, hospital_id: int) -> Call:
    if hospital != "v0":
        world.send(world.enact(_admission(hospital, account("key"))))
    world.send(world.enact(SetLicence(account(hospital), world.time_s + 60)))
    world.wait(DAY_SECONDS)
    return to_government(world, "relay", world.suite.government.sweep_expired(hospital_id))


def _rotation(world: GasWorld, old: str, new: str) -> Call:
    government = world.suite.government
    since = world.view(government.validator(account(old))).active_from
    by_old, by_new = RotateKey(account(old), account(new), since).proofs(
        key_of(old), key_of(new), chain_id=CHAIN_ID, government=government.address
    )
    data = government.rotate_key(account(old), account(new), by_old=by_old, by_new=by_new)
    return to_government(world, "relay", data)


def _rotation_of_four(world: GasWorld) -> Call:
    world.send(world.enact(_admission("h1", account("key"))))
    world.wait(60)
    return _rotation(world, "key", "heir")


def _custody_key(world: GasWorld) -> Call:
    registry = world.suite.hospitals
    return Call("h1", registry.address, registry.set_key(word("another key")))


def _doctor_key(world: GasWorld) -> Call:
    registry = world.suite.doctors
    return Call("d1", registry.address, registry.set_key(word("another key")))


def _affiliation(world: GasWorld, hospital: str) -> Call:
    return Call(hospital, world.suite.doctors.address, world.suite.doctors.affiliate(1))


def _last_affiliation(world: GasWorld) -> Call:
    """The doctor's sixteenth."""
    world.send(_affiliation(world, "h2"))
    for place in range(3, AFFILIATIONS_MAX + 1):
        add_hospital(world, f"h{place}")
        if place < AFFILIATIONS_MAX:
            world.send(_affiliation(world, f"h{place}"))
    return _affiliation(world, f"h{AFFILIATIONS_MAX}")


def listed_insurer(world: GasWorld) -> Call:
    """Let i1 be listed; give how it describes itself."""
    world.send(world.enact(ListInsurer(account("i1"))))
    registry = world.suite.insurance
    data = registry.describe(
        "IRDAI-1", operator=account("h1"), name="Mutual", contact="i@example", key=word("i1")
    )
    return Call("i1", registry.address, data)


def _researcher(world: GasWorld) -> Call:
    world.send(world.enact(ListResearcher(account("r1"))))
    registry = world.suite.research
    data = registry.describe(
        "ICMR-1", operator=account("h1"), name="Institute", contact="r@example", key=word("r1")
    )
    return Call("r1", registry.address, data)


def _enacts(label: str, action: Action, world: str = "clinic") -> Case:
    return Case(f"enacts: {label}", lambda w: w.enact(action), world=world)


CASES: Final = (
    Case("a hospital is verified", lambda w: _proposal(w, VerifyHospital(account("h3")))),
    Case("a validator is admitted", lambda w: _proposal(w, _admission("h1", account("key")))),
    Case("one of 64", lambda w: _proposal(w, AddMember(account("n"))), world="crowd"),
    Case("second of 64 members", lambda w: _late_vote(w, 1), world="crowd"),
    Case("32nd of 64 members", lambda w: _late_vote(w, MEMBERS_MAX // 2 - 1), world="crowd"),
    _enacts("member added", AddMember(account("n"))),
    _enacts("member removed", RemoveMember(account("m2"))),
    Case("enacts: hospital verified", _verification),
    Case("enacts: suspension lifted", _reinstatement),
    _enacts("hospital suspended", SuspendHospital(account("h2"))),
    _enacts("hospital revoked", RevokeHospital(account("h2"))),
    Case("enacts: complaint upheld", upheld),
    _enacts("doctor suspended", SuspendDoctor(1, 2_000_000_000)),
    _enacts("licence set", SetLicence(account("h1"), 2_000_000_000)),
    _enacts("validator admitted to 4", _admission("h1", account("key"))),
    _enacts("validator withdrawn of 4", WithdrawValidator(account("v0"))),
    Case("enacts: emergency withdrawal of 4", _emergency),
    _enacts("insurer listed", ListInsurer(account("i1"))),
    Case(
        "enacts: insurer struck",
        lambda w: _struck(w, ListInsurer(account("i1")), StrikeInsurer(account("i1"))),
    ),
    _enacts("researcher listed", ListResearcher(account("r1"))),
    Case(
        "enacts: researcher struck",
        lambda w: _struck(w, ListResearcher(account("r1")), StrikeResearcher(account("r1"))),
    ),
    Case("enacts: validator admitted to 99", _admission_to_the_last_place, world="full"),
    _enacts("validator withdrawn of 100", WithdrawValidator(account("v1")), "full"),
    _enacts("hospital suspended, 100 validators", SuspendHospital(account("v0")), "full"),
    Case("of 5 validators", lambda w: _sweep(w, "h1", 1)),
    Case("of 100 validators", lambda w: _sweep(w, "v0", 1), world="full"),
    Case("of 5 validators", _rotation_of_four),
    Case("of 100 validators", lambda w: _rotation(w, "v0", "heir"), world="full"),
    Case("typical", lambda w: application(w, "h3")),
    Case("typical", _custody_key),
    Case("typical", lambda w: onboarding(w, "d3")),
    Case("second hospital", lambda w: _affiliation(w, "h2")),
    Case("16th hospital", _last_affiliation),
    Case("typical", _doctor_key),
    Case("typical", listed_insurer),
    Case("typical", _researcher),
)
