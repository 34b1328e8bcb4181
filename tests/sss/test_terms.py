from dataclasses import replace

import pytest

from node.base.types import Address
from node.sss.terms import check_plan
from tests.sss.deals import make_terms


def test_t_and_n_are_keywords():
    with pytest.raises(TypeError):
        check_plan(3, 5)


@pytest.mark.parametrize(
    ("t", "n", "wanted"),
    [
        (3, 5, ()),
        (2, 5, ("single_custodian_opens",)),
        (5, 5, ("no_loss_tolerance",)),
        (2, 2, ("single_custodian_opens", "no_loss_tolerance")),
    ],
)
def test_borderline_plans_warn(t, n, wanted):
    assert make_terms(t=t, n=n).warnings == wanted


@pytest.mark.parametrize(
    "changes",
    [
        {"pmr_id": bytes(31)},
        {"dealer": Address(bytes(21))},
        {"chain_id": 2**64},
        {"record_version": 2**32},
        {"generation": -1},
    ],
)
def test_terms_that_do_not_fit_the_header_are_refused(changes):
    with pytest.raises(ValueError, match=r"pmr_id has|is a u64"):
        replace(make_terms(t=3, n=5), **changes)
