"""Who reads is named once, and what is granted is a visit, a list of them, or all."""

import pytest

from tests.sim.schema.texts import CAST, VISIT, faults, lines

PARTIES = CAST.replace("labs: 1", "labs: 1, insurers: {ins-1: {hospital: h0}}")
ALL_STEP = "  - {{do: grant, patient: pat-1, doctor: doc-2, pmr: {pmr}, for: 1h}}\n"


def _paths(step: str) -> list[str]:
    return [fault.path for fault in faults(PARTIES + VISIT + f"  - {{{step}}}\n")]


@pytest.mark.parametrize(
    ("named", "paths"),
    [
        ("doctor: doc-2", []),
        ("hospital: h1", []),
        ("insurer: ins-1", []),
        ("", ["steps[1].do"]),
        ("doctor: doc-2, hospital: h1", ["steps[1].hospital"]),
        ("doctor: doc-2, insurer: ins-1, hospital: h1", ["steps[1].hospital", "steps[1].insurer"]),
        ("insurer: nobody", ["steps[1].insurer"]),
    ],
)
@pytest.mark.parametrize(
    "step", ["do: read_record, pmr: v", "do: request_access, patient: pat-1, pmr: v"]
)
def test_who_reads_is_named_once(step: str, named: str, paths: list[str]) -> None:
    assert sorted(_paths(step + (f", {named}" if named else ""))) == paths


@pytest.mark.parametrize("pmr", ["v", "[v]", "all"])
def test_visits_one_many_or_all_are_granted(pmr: str) -> None:
    assert lines(PARTIES + VISIT + ALL_STEP.format(pmr=pmr)) == []


@pytest.mark.parametrize("pmr", ["[]", "5", "{}", "[v, 3]", "nobody", f"[{', '.join(['v'] * 17)}]"])
def test_other_records_are_refused_at_their_place(pmr: str) -> None:
    told = faults(PARTIES + VISIT + ALL_STEP.format(pmr=pmr))
    assert {fault.path.partition("[1].")[2].partition("[")[0] for fault in told} == {"pmr"}


def test_purpose_and_scope_belong_to_a_direct_grant() -> None:
    step = "do: grant, patient: pat-1, for: 1h, request: r, purpose: HPAYMT, scope: [diagnosis]"
    asked = "  - {do: request_access, id: r, doctor: doc-2, patient: pat-1, pmr: v}\n"
    told = faults(PARTIES + VISIT + asked + f"  - {{{step}}}\n")
    assert sorted(fault.path for fault in told) == ["steps[2].purpose", "steps[2].scope"]
