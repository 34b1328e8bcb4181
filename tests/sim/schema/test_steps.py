"""steps: each action, its arguments and its bounds."""

from typing import Any

import pytest

from node.sim.loader import load
from node.sim.schema.access_steps import SCOPE_NAMES
from node.sim.schema.faults import ScenarioFileError
from node.sim.schema.steps import STEP_MODELS, Study
from tests.sim.schema.texts import CAST, lines, scenario

_BEFORE = (
    "steps:\n"
    "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n"
    "  - {do: order_lab, id: o, doctor: doc-1, pmr: v, modality: CT}\n"
    "  - {do: request_access, id: r, doctor: doc-2, patient: pat-1, pmr: v}\n"
    "  - {do: grant, id: g, patient: pat-1, request: r, for: 10m}\n"
    "  - {do: perform_lab, id: s, lab: lab-1, order: o, study: a/b.dcm}\n"
)


def _step(text: str) -> dict[str, Any]:
    """Give what a last step adds to the fields that every step has."""
    last = scenario(CAST + _BEFORE + f"  - {{{text}}}\n").steps[-1]
    return last.model_dump(exclude={"id", "do", "at", "timeout_us", "expect", "error"})


def _faults(text: str) -> list[str]:
    return lines(CAST + _BEFORE + f"  - {{{text}}}\n")


BY_DOCTOR = {"doctor": "doc-2", "hospital": None, "insurer": None, "researcher": None}
BUILT = """
admit_validator
answer_petition
audit
bind_device
bind_policy
book_appointment
cancel_appointment
cancel_recovery
claim_insurance
collect_share
complain
consult
decide_claim
deny
dispute
emergency_access
emergency_withdraw
erase
export_dataset
extend_petition
file_readings
fund_study
grant
issue_copy
join_study
leave_study
lift_suspension
move_appointment
move_hospital
onboard_doctor
open_slot
order_lab
pay_out
perform_lab
petition_correction
raise_alert
read_own
read_record
rebuild
recover_key
refresh_epoch
refund_study
register_hospital
register_patient
replace_custodian
replay_readings
request_access
request_copy
retain
review_emergency
revoke
revoke_hospital
rotate_key
rotate_validator_key
second_opinion
set_guardian
set_licence
suspend_doctor
suspend_hospital
sweep_expired
unbind_device
uphold_complaint
vote
withdraw_validator
"""


def test_built_actions_are_those_of_this_version() -> None:
    assert sorted(STEP_MODELS) == sorted(BUILT.split())


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("do: register_hospital, hospital: h1", {"hospital": "h1", "validator": True}),
        ("do: register_hospital, hospital: h1, validator: true",
         {"hospital": "h1", "validator": True}),
        ("do: onboard_doctor, doctor: doc-2", {"doctor": "doc-2"}),
        ("do: register_patient, patient: pat-2", {"patient": "pat-2"}),
        (
            "do: consult, doctor: doc-1, patient: pat-1, sections: {diagnosis: flu}",
            {"doctor": "doc-1", "patient": "pat-1", "date": None, "sections": {"diagnosis": "flu"}},
        ),
        (
            "do: order_lab, doctor: doc-1, pmr: v, modality: MR, reason: cough",
            {"doctor": "doc-1", "pmr": "v", "lab": None, "modality": "MR", "reason": "cough"},
        ),
        (
            "do: perform_lab, lab: lab-1, order: o, study: pydicom:CT_small",
            {"lab": "lab-1", "order": "o", "study": {"source": "pydicom", "name": "CT_small"}},
        ),
        (
            "do: request_access, doctor: doc-2, patient: pat-1, pmr: v, scope: [diagnosis, later]",
            {
                **BY_DOCTOR,
                "patient": "pat-1",
                "pmr": "v",
                "purpose": "TREAT",
                "scope": ("diagnosis", "later"),
            },
        ),
        (
            "do: grant, patient: pat-1, doctor: doc-2, pmr: v, for: 1h",
            {
                **BY_DOCTOR,
                "patient": "pat-1",
                "request": None,
                "pmr": ("v",),
                "purpose": "TREAT",
                "scope": None,
                "for_us": 3_600_000_000,
                "account": "own",
            },
        ),
        ("do: deny, patient: pat-1, request: r", {"patient": "pat-1", "request": "r"}),
        ("do: revoke, patient: pat-1, grant: g", {"patient": "pat-1", "grant": "g"}),
        ("do: read_record, doctor: doc-2, pmr: v", {**BY_DOCTOR, "pmr": "v"}),
        (
            "do: move_hospital, patient: pat-1, hospital: h1, for: 1h",
            {"patient": "pat-1", "hospital": "h1", "for_us": 3_600_000_000},
        ),
        ("do: second_opinion, doctor: doc-2, pmr: v", {"doctor": "doc-2", "pmr": "v"}),
        (
            "do: rebuild, record: s, custodians: [h0, h2], essential: true, shares: stolen",
            {
                "record": "s",
                "custodians": ("h0", "h2"),
                "essential": True,
                "generation": None,
                "shares": "stolen",
            },
        ),
        ("do: audit", {}),
        ("do: suspend_doctor, doctor: doc-1", {"doctor": "doc-1", "for_us": None}),
        ("do: suspend_doctor, doctor: doc-1, for: 1d",
         {"doctor": "doc-1", "for_us": 86_400_000_000}),
        *(
            (f"do: {action}, hospital: h1", {"hospital": "h1"})
            for action in (
                "admit_validator",
                "withdraw_validator",
                "emergency_withdraw",
                "rotate_validator_key",
                "suspend_hospital",
                "lift_suspension",
                "revoke_hospital",
                "sweep_expired",
            )
        ),
        ("do: set_licence, hospital: h1", {"hospital": "h1", "for_us": None}),
        *(
            (f"do: vote, nodes: [h0, h1], subject: h2, authorize: {text}",
             {"nodes": ("h0", "h1"), "subject": "h2", "authorize": value})
            for text, value in (("true", True), ("false", False), ("null", None))
        ),
        ("do: set_licence, hospital: h1, for: 1h", {"hospital": "h1", "for_us": 3_600_000_000}),
    ],
)  # fmt: skip
def test_arguments_of_an_action(text: str, fields: dict[str, Any]) -> None:
    assert _step(text) == fields


def test_what_every_step_has() -> None:
    (step,) = scenario(CAST + "steps: [{do: onboard_doctor, doctor: doc-1}]\n").steps
    assert (step.id, step.at, step.timeout_us) == ("onboard_doctor-1", None, 120_000_000)
    assert (step.expect, step.error) == ("ok", None)


def test_start_is_a_duration_or_after_a_step() -> None:
    text = "do: onboard_doctor, doctor: doc-1, at: {}"
    for at, after, delay_us in (
        ("30s", None, 30_000_000),
        ("0s", None, 0),
        ("{after: g, delay: 5s}", "g", 5_000_000),
        ("{after: g}", "g", 0),
    ):
        step = scenario(CAST + _BEFORE + f"  - {{{text.replace('{}', at)}}}\n").steps[-1]
        assert step.at is not None
        assert (step.at.after, step.at.delay_us) == (after, delay_us)


@pytest.mark.parametrize(
    "text",
    [
        "do: onboard_doctor, doctor: doc-1, at: 30",
        "do: onboard_doctor, doctor: doc-1, at: -30s",
        "do: onboard_doctor, doctor: doc-1, at: {delay: 5s}",
        "do: onboard_doctor, doctor: doc-1, at: {after: , delay: 5s}",
        "do: onboard_doctor, doctor: doc-1, at: {after: g, block: 12}",
        "do: onboard_doctor, doctor: doc-1, timeout: 0s",
        "do: onboard_doctor, doctor: doc-1, expect: fine",
        "do: onboard_doctor, doctor: doc-1, repeat: 2",
        "do: onboard_doctor, doctor: doc-1, id: A",
        "do: onboard_doctor, doctor: [doc-1]",
        "do: onboard_doctor, doctor: pat-1",
        "do: register_hospital, hospital: h0, validator: 1",
        "do: consult, doctor: doc-1, patient: pat-1, sections: flu",
        "do: consult, doctor: doc-1, patient: pat-1, sections: {diagnose: flu}",
        "do: consult, doctor: doc-1, patient: pat-1, sections: {diagnosis: 5}",
        "do: order_lab, doctor: doc-1, pmr: v, modality: ct",
        "do: order_lab, doctor: doc-1, pmr: v, modality: C",
        "do: request_access, doctor: doc-2, patient: pat-1, pmr: v, purpose: FUN",
        "do: request_access, doctor: doc-2, patient: pat-1, pmr: v, scope: []",
        "do: request_access, doctor: doc-2, patient: pat-1, pmr: v, scope: [all]",
        "do: grant, patient: pat-1, request: r, for: 0s",
        "do: grant, patient: pat-1, request: r",
        "do: rebuild, record: s, custodians: [], essential: true",
        "do: rebuild, record: s, custodians: [h0], essential: 1",
        "do: rebuild, record: o, custodians: [h0], essential: true",
        "do: rebuild, record: s, custodians: [h0]",
        "do: revoke, patient: pat-1, grant: r",
        "do: deny, patient: pat-1, request: g",
    ],
)
def test_bad_step_is_one_fault(text: str) -> None:
    assert len(_faults(text)) == 1


@pytest.mark.parametrize("study", ["a.dcm", "studies/one.dcm", "pydicom:MR_small.dcm"])
def test_study(study: str) -> None:
    assert _step(f"do: perform_lab, lab: lab-1, order: o, study: {study}")["study"]["name"]


@pytest.mark.parametrize(
    "study",
    ["/etc/passwd", "../a.dcm", "a/../../b", "pydicom:", "pydicom:../x", "synthetic:CT-64",
     "'a b.dcm'", "''", "5", "a//b", "http://x/y"],
)  # fmt: skip
def test_study_outside_of_the_folder_or_of_another_kind_is_refused(study: str) -> None:
    told = _faults(f"do: perform_lab, lab: lab-1, order: o, study: {study}")
    assert "wants pydicom:NAME, or the path of a file beside this one" in told[0]


def test_scope_names_are_in_the_order_of_their_bits() -> None:
    assert (
        *("present_illness", "past_illness", "diagnosis", "treatment_summary", "lab_reports"),
        *("iomt", "insurance", "later"),
    ) == SCOPE_NAMES


def test_study_beside_the_file_is_told_from_a_shipped_one() -> None:
    found = scenario(CAST + _BEFORE).steps[-1]
    assert found.do == "perform_lab"
    assert found.study == Study(source="file", name="a/b.dcm")


def test_a_hospital_that_is_no_validator_is_refused_and_not_ignored() -> None:
    step = "steps: [{do: register_hospital, hospital: h0, validator: false}]\n"
    with pytest.raises(ScenarioFileError, match="wants true: every hospital"):
        load("wardnet: 1\nname: x\n" + step, "a.yaml")


def test_a_candidate_may_be_voted_on_but_does_not_vote() -> None:
    network = "network: {validators: 4, nodes: {joiner: {role: candidate}}}\n"
    step = "steps: [{do: vote, nodes: [%s], subject: %s, authorize: true}]\n"
    head = "wardnet: 1\nname: x\n"
    (read,) = scenario(head + network + step % ("h0", "joiner")).steps
    assert read.subject == "joiner"
    (told,) = lines(head + network + step % ("joiner", "h0"))
    assert "steps[0].nodes[0]: wants a node of network.validators" in told
    (told,) = lines(head + network + step % ("h0", "nobody"))
    assert "steps[0].subject: wants a node of network.validators or network.nodes" in told
