from dataclasses import replace

import pytest

from node.bench.measured import Measured, middle

RUN = Measured(
    transactions=10,
    cpu_us_per_tx=5.0,
    wall_us_per_tx=7.0,
    stages={"decode": 1.0, "execute": 4.0},
    digest="aa",
    state_root="bb",
    figures={"gas_per_tx": 100.0},
)


def test_line_of_a_child_is_read_back() -> None:
    assert Measured.from_json(RUN.to_json()) == RUN


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"transactions": 1, "speed": 2}'])
def test_other_line_is_refused(line: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        Measured.from_json(line)


def test_middle_is_the_median_of_each_time() -> None:
    runs = [
        replace(RUN, cpu_us_per_tx=cpu, stages={"decode": cpu / 2, "execute": 9 - cpu})
        for cpu in (1.0, 8.0, 3.0)
    ]
    found = middle(runs)
    assert found.cpu_us_per_tx == 3.0
    assert found.stages == {"decode": 1.5, "execute": 6.0}


def test_middle_of_two_lies_between_them() -> None:
    assert middle([RUN, replace(RUN, cpu_us_per_tx=6.0)]).cpu_us_per_tx == 5.5


def test_unknown_cpu_stays_unknown() -> None:
    assert middle([replace(RUN, cpu_us_per_tx=None)] * 3).cpu_us_per_tx is None


def test_runs_of_different_work_have_no_middle() -> None:
    with pytest.raises(AssertionError):
        middle([RUN, replace(RUN, transactions=11)])
