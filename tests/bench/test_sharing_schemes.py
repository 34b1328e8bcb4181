import pytest

from node.bench.sharing_schemes import ONE_HASH, scheme_tasks, terms_of

LENGTH = 1 << 10


@pytest.fixture(scope="module")
def tasks():
    return {task.name: task for task in scheme_tasks(LENGTH)}


def test_every_deal_and_opening_gives_the_record(tasks):
    for task in tasks.values():
        task.run()
        assert task.is_right(), task.name


def test_each_scheme_of_the_table_is_measured(tasks):
    assert set(tasks) == {
        ONE_HASH,
        *(f"ssms-1tn {what} {plan}" for what in ("deal", "open") for plan in ("(3,5)", "(5,9)")),
        *(f"xor-1tn {what} {plan}" for what in ("deal", "open") for plan in ("(3,5)", "(5,9)")),
        *(f"nlss-q {what} {plan}" for what in ("deal", "open") for plan in ("(3,5)", "(5,7)")),
    }
    assert {task.payload_bytes for task in tasks.values()} == {LENGTH}


def test_an_opening_that_did_not_run_is_not_right():
    for task in scheme_tasks(LENGTH):
        if "open" in task.name or task.name == ONE_HASH:
            assert not task.is_right()


def test_terms_name_no_chain():
    assert (terms_of(3, 5).t, terms_of(3, 5).n, terms_of(3, 5).chain_id) == (3, 5, 0)
