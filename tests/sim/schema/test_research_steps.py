"""The forms of the research steps, and what they may refer to."""

import pytest

from node.sim.loader import load
from node.sim.schema.research_steps import ExportDataset, FundStudy, JoinStudy
from tests.sim.schema.texts import lines

HEAD = """\
wardnet: 1
name: x
network: {validators: 4}
actors:
  doctors: {d: {hospital: h0}}
  patients: {p: {hospital: h0}}
  researchers: {r: {hospital: h1, funds: 100}}
steps:
  - {do: consult, id: seen, doctor: d, patient: p}
"""
FUND = "  - {do: fund_study, id: s, researcher: r, purpose: cough, places: 8, price: 5, for: 1h}\n"
JOIN = "  - {do: join_study, id: j, patient: p, study: s, pmr: seen}\n"


def test_a_study_has_defaults_for_k_l_and_the_hospitals_share() -> None:
    text = HEAD + FUND + JOIN + "  - {do: export_dataset, researcher: r, study: s}\n"
    _, fund, join, export = load(text, "x.yaml").steps
    assert isinstance(fund, FundStudy)
    assert (fund.k, fund.share_percent, fund.for_us) == (5, 0, 3_600_000_000)
    assert isinstance(join, JoinStudy)
    assert isinstance(export, ExportDataset)
    assert export.l == 2


@pytest.mark.parametrize(
    ("step", "is_fine"),
    [
        ("do: leave_study, patient: p, joined: j", True),
        ("do: pay_out, patient: p, study: s", True),
        ("do: collect_share, hospital: h0, study: s", True),
        ("do: refund_study, researcher: r, study: s", True),
        ("do: refund_study, researcher: p, study: s", False),
        ("do: refund_study, researcher: r, study: j", False),
        ("do: leave_study, patient: p, joined: s", False),
        ("do: join_study, patient: p, study: s, pmr: j", False),
        ("do: export_dataset, researcher: r, study: s, l: 0", False),
        ("do: fund_study, researcher: r, purpose: x, places: 1, price: 5, for: 1h", False),
        ("do: fund_study, researcher: r, purpose: x, k: 1, places: 4, price: 5, for: 1h", False),
        ("do: fund_study, researcher: r, purpose: '', places: 4, price: 5, for: 1h", False),
        ("do: fund_study, researcher: r, purpose: x, places: 4, price: -5, for: 1h", False),
        ("do: fund_study, researcher: r, purpose: x, places: 4, price: 5, for: 0s", False),
    ],
)
def test_what_steps_take_and_refer_to(step: str, is_fine: bool) -> None:
    assert len(lines(f"{HEAD}{FUND}{JOIN}  - {{{step}}}\n")) == (0 if is_fine else 1)
