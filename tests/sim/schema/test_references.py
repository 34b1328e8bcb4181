"""Names must name something, whatever else is wrong."""

from tests.sim.schema.texts import CAST, HEAD, VISIT, faults, lines


def _paths(text: str) -> list[str]:
    return [fault.path for fault in faults(text)]


def test_wrong_name_is_told_beside_a_wrong_type_in_the_same_step() -> None:
    text = CAST + "steps:\n  - {do: onboard_doctor, doctor: d, timeout: 5}\n"
    assert _paths(text) == ["steps[0].doctor", "steps[0].timeout"]


def test_names_are_not_judged_while_the_list_they_should_be_in_is_wrong() -> None:
    text = HEAD + "actors: {doctors: many}\nsteps: [{do: onboard_doctor, doctor: d}]\n"
    assert _paths(text) == ["actors.doctors"]
    text = HEAD + "network: {validators: many}\nsteps: [{do: register_hospital, hospital: h9}]\n"
    assert _paths(text) == ["network.validators"]


def test_step_of_an_unknown_action_may_still_be_referred_to() -> None:
    text = CAST + VISIT.replace("consult", "konsult")
    text += "  - {do: read_record, doctor: doc-1, pmr: v}\n"
    assert _paths(text) == ["steps[0].do"]


def test_expectation_may_refer_to_any_step_of_the_file() -> None:
    assert lines(CAST + "expect: [{eventually: {step_ok: {step: v}}}]\n" + VISIT) == []


def test_share_rule_wants_a_step_that_makes_a_record() -> None:
    text = CAST + "steps: [{do: register_patient, id: p, patient: pat-1}]\n"
    text += "expect: [{always: {share_rule: {record: p}}}]\n"
    assert lines(text) == [
        (
            "5:33 expect[0].always.share_rule.record: wants the id of a step consult or "
            "perform_lab or second_opinion or file_readings or claim_insurance or "
            "answer_petition or dispute, "
            'got "p", a step register_patient'
        )
    ]


def test_step_may_not_wait_for_itself() -> None:
    told = lines(CAST + VISIT.replace("id: v", "id: v, at: {after: v}"))
    assert told == ['5:31 steps[0].at.after: wants an earlier step, got "v", this very one']


def test_each_custodian_of_a_list_has_its_own_position() -> None:
    text = (
        CAST + VISIT + "  - {do: rebuild, record: v, custodians: [h0, h8, h9], essential: true}\n"
    )
    assert [(fault.column, fault.path) for fault in faults(text)] == [
        (47, "steps[1].custodians[1]"),
        (51, "steps[1].custodians[2]"),
    ]


def test_settings_for_an_unknown_node_are_refused() -> None:
    assert _paths(HEAD + "network: {validators: 2, nodes: {h2: {}}}\n") == ["network.nodes.h2"]


def test_name_of_a_regulator_is_taken() -> None:
    text = HEAD + "actors: {regulators: {a: {}}, patients: {a: {hospital: h0}}}\n"
    assert _paths(text) == ["actors.patients.a"]


def test_step_may_have_the_name_of_an_actor() -> None:
    assert lines(CAST + VISIT.replace("id: v", "id: doc-1")) == []


def test_suggestion_knows_only_steps_that_came_before() -> None:
    text = CAST + "steps:\n  - {do: read_record, doctor: doc-1, pmr: visit-1}\n"
    text += VISIT.removeprefix("steps:\n").replace("id: v", "id: visit-2")
    assert lines(text) == [
        '5:38 steps[0].pmr: wants the id of a step consult, got "visit-1"; there are none'
    ]
