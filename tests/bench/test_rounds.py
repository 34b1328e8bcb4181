from dataclasses import replace

import pytest

from node.bench.candidates import Candidate
from node.bench.errors import CandidateFaultError
from node.bench.measured import Measured
from node.bench.rounds import alternate, disagreements, load, machine, rows

RUN = Measured(
    transactions=10, cpu_us_per_tx=100.0, wall_us_per_tx=120.0, digest="aa", state_root="bb"
)


def candidate(name: str, log: list[str], run: Measured = RUN, base: str = "a") -> Candidate:
    def work() -> Measured:
        log.append(name)
        return run

    return Candidate(name, base, work)


def test_candidates_take_turns() -> None:
    log: list[str] = []
    entries = [candidate(name, log) for name in "abc"]
    alternate(entries, 3, lambda *_: None)
    assert "".join(log) == "abcabcabc"


def test_every_run_is_told() -> None:
    told: list[tuple[int, str]] = []
    entries = [candidate(name, []) for name in "ab"]
    alternate(entries, 2, lambda number, name, _: told.append((number, name)))
    assert told == [(1, "a"), (1, "b"), (2, "a"), (2, "b")]


def failing() -> Measured:
    raise CandidateFaultError("anvil", "took 3 of 5 transactions")


def test_other_client_that_fails_is_left_out_with_its_reason() -> None:
    log: list[str] = []
    entries = [candidate("a", log), Candidate("anvil send", "a", failing, is_foreign=True)]
    runs, failed = alternate(entries, 2, lambda *_: None)
    assert log == ["a", "a"]
    assert failed == {"anvil send": "anvil: took 3 of 5 transactions"}
    assert [row["name"] for row in rows(entries, runs)] == ["a"]


def test_own_candidate_that_fails_ends_it_all() -> None:
    with pytest.raises(CandidateFaultError):
        alternate([Candidate("a", "a", failing)], 2, lambda *_: None)


def test_row_is_divided_by_its_base() -> None:
    entries = [candidate("a", []), candidate("b", [], replace(RUN, cpu_us_per_tx=420.0))]
    found = rows(entries, alternate(entries, 1, lambda *_: None)[0])
    assert [row["ratio"] for row in found] == [1.0, 4.2]
    assert [row["tx_per_cpu_s"] for row in found] == [10_000.0, 2_381.0]


def test_unknown_cpu_has_no_ratio() -> None:
    entries = [candidate("a", []), candidate("b", [], replace(RUN, cpu_us_per_tx=None))]
    found = rows(entries, alternate(entries, 2, lambda *_: None)[0])
    assert (found[1]["ratio"], found[1]["cpu_us_per_tx"]) == (None, None)
    assert found[1]["rounds"] == [None, None]


def test_row_keeps_every_round() -> None:
    runs = {"a": [replace(RUN, cpu_us_per_tx=cpu) for cpu in (3.0, 1.0, 2.0)]}
    [row] = rows([candidate("a", [])], runs)
    assert (row["cpu_us_per_tx"], row["rounds"]) == (2.0, [3.0, 1.0, 2.0])


def test_equal_work_agrees() -> None:
    assert disagreements({"a": [RUN, RUN], "b": [replace(RUN, state_root="")]}) == []


@pytest.mark.parametrize(
    ("odd", "said"), [({"state_root": "cc"}, "state roots"), ({"digest": "cc"}, "answers")]
)
def test_other_state_is_named(odd: dict[str, str], said: str) -> None:
    [sentence] = disagreements({"a": [RUN], "b": [RUN, replace(RUN, **odd)]})
    assert said in sentence
    assert sentence.endswith("of a and b differ")


def test_other_number_of_transactions_is_another_state() -> None:
    more = replace(RUN, transactions=20, state_root="cc", digest="dd")
    assert disagreements({"a": [RUN], "b": [more]}) == []


def test_machine_is_named() -> None:
    found = machine()
    assert set(found) == {"system", "processor", "cpus", "python"}
    assert found["python"].startswith("3.")


def test_load_has_three_figures_or_is_unknown() -> None:
    found = load()
    assert found is None or len(found) == 3
