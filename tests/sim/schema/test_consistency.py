"""Times, sharing, forms: what no single model sees."""

import pytest

from tests.sim.schema.texts import CAST, HEAD, VISIT, faults, lines


@pytest.mark.parametrize(
    ("hospitals", "t", "n", "is_fine"),
    [
        (4, 3, 5, True),
        (3, 3, 5, False),
        (4, 3, 6, False),
        (5, 3, 6, True),
        (2, 4, 5, False),  # a hospital holds one share, not t-2
        (1, 4, 5, False),
        (1, 2, 2, True),
        (4, 5, 5, True),
        (4, 6, 5, False),
    ],
)
def test_custodian_shares_need_hospitals_under_the_cap(
    hospitals: int, t: int, n: int, is_fine: bool
) -> None:
    text = (
        HEAD + f"network: {{validators: {hospitals}}}\nrecords: {{sharing: {{t: {t}, n: {n}}}}}\n"
    )
    assert (lines(text) == []) is is_fine


def test_default_sharing_is_not_judged_where_nothing_is_shared() -> None:
    assert lines(HEAD + "network: {validators: 1}\n") == []


def test_default_sharing_is_judged_where_a_record_is_made() -> None:
    told = faults(CAST.replace("x\n", "x\nnetwork: {validators: 2}\n") + VISIT)
    assert [fault.path for fault in told] == ["network.validators"]


def test_t_is_compared_with_the_default_n() -> None:
    assert [fault.path for fault in faults(HEAD + "records: {sharing: {t: 6}}\n")] == [
        "records.sharing.t"
    ]
    assert [fault.path for fault in faults(HEAD + "records: {sharing: {n: 2}}\n")] == [
        "records.sharing.n"
    ]


def test_earliest_start_adds_up_over_steps() -> None:
    text = CAST + VISIT.replace("id: v", "id: v, at: 1m")
    text += "  - {do: read_record, id: a, doctor: doc-1, pmr: v, at: {after: v, delay: 50s}}\n"
    text += "  - {do: read_record, id: b, doctor: doc-1, pmr: v}\n"
    text += "  - {do: read_record, id: c, doctor: doc-1, pmr: v, at: {after: b, delay: 10s}}\n"
    assert lines(text) == [
        "8:53 steps[3].at: wants a time before the end of the run at 2m, got 2m at the earliest"
    ]


def test_step_just_before_the_end_is_allowed() -> None:
    assert lines(CAST + VISIT.replace("id: v", "id: v, at: 119999999us")) == []


def test_default_timeout_may_reach_beyond_the_end() -> None:
    assert lines(CAST + "run: {until: 10s}\n" + VISIT) == []


def test_own_timeout_may_reach_the_end_but_not_beyond() -> None:
    assert lines(CAST + VISIT.replace("id: v", "id: v, at: 1m, timeout: 1m")) == []
    assert len(lines(CAST + VISIT.replace("id: v", "id: v, at: 1m, timeout: 61s"))) == 1


@pytest.mark.parametrize("expect", ["refused", "revert", "timeout", "any"])
def test_error_goes_with_every_end_but_ok(expect: str) -> None:
    text = CAST + VISIT.replace("id: v", f"id: v, error: X, expect: {expect}")
    assert lines(text) == []


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ("request: r", []),
        ("doctor: doc-2, pmr: v", []),
        ("", ["steps[2].do"]),
        ("doctor: doc-2", ["steps[2].do"]),
        ("pmr: v", ["steps[2].do"]),
        ("request: r, doctor: doc-2", ["steps[2].doctor"]),
        ("request: r, doctor: doc-2, pmr: v", ["steps[2].doctor", "steps[2].pmr"]),
    ],
)
def test_grant_answers_a_request_or_names_doctor_and_record(fields: str, paths: list[str]) -> None:
    text = CAST + VISIT + "  - {do: request_access, id: r, doctor: doc-2, patient: pat-1, pmr: v}\n"
    text += f"  - {{do: grant, patient: pat-1, for: 1h{', ' + fields if fields else ''}}}\n"
    assert [fault.path for fault in faults(text)] == paths


def test_entry_twice_in_a_list_is_told_at_the_second_one() -> None:
    text = (
        CAST + VISIT + "  - {do: rebuild, record: v, custodians: [h0, h1, h0], essential: true}\n"
    )
    assert [fault.path for fault in faults(text)] == ["steps[1].custodians[2]"]


def test_end_of_the_run_itself_is_within_the_run() -> None:
    assert lines(HEAD + "expect: [{eventually: heads_agree, by: 2m}]\n") == []


def test_share_rule_is_for_few_holders() -> None:
    text = "expect: [{always: {share_rule: {record: v}}}]\n"
    network = "network: {validators: 12}\n"
    for n, is_fine in ((9, True), (10, False)):
        records = f"records: {{sharing: {{n: {n}}}}}\n"
        assert (lines(CAST + network + records + VISIT + text) == []) is is_fine


def test_nothing_is_compared_with_an_end_that_is_wrong() -> None:
    text = HEAD + "run: {until: soon}\nexpect: [{eventually: heads_agree, by: 9d}]\n"
    assert [fault.path for fault in faults(text)] == ["run.until"]
