"""The facts of a chain, from its logs and from its genesis."""

from tests.sim.audited import evidence


def test_all_that_the_run_did_is_read(tmp_path_factory) -> None:
    facts = evidence(tmp_path_factory).facts
    assert sorted(facts.filings) == [
        (0, 1, 0),
        (0, 1, 1),
        (0, 2, 0),
        (101012026, 0, 0),
        (101012026, 1, 0),
        (101012026, 2, 0),
        (201012026, 0, 0),
    ]
    assert len(facts.hospitals) == 5
    assert [len(one.generations) for one in facts.filings.values()].count(2) == 1
    assert list(facts.erased) == [201012026]
    assert [line.revoked is None for line in facts.grants.values()] == [False, True]
    assert {line.epoch for line in facts.epochs.values()} >= {1}
    assert facts.review_s == 72 * 3600
