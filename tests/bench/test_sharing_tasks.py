from node.bench.sharing_tasks import Task, best_rates


def _task(name, log, *, is_right=True):
    return Task(name, 2_000_000, lambda: log.append(name), lambda: is_right)


def test_tasks_take_turns_and_every_run_is_told():
    log, told = [], []
    rates, wrong = best_rates([_task("a", log), _task("b", log)], 2, told.append)
    assert log == ["a", "b", "a", "b"]
    assert len(told) == 4
    assert set(rates) == {"a", "b"}
    assert min(rates.values()) > 0
    assert wrong == []


def test_the_best_round_counts():
    left = [200_000, 0, 50_000]

    def run():
        sum(range(left.pop(0)))

    rates, _ = best_rates([Task("a", 1_000, run, lambda: True)], 3, lambda _: None)
    slow, _ = best_rates(
        [Task("a", 1_000, lambda: sum(range(200_000)), lambda: True)], 1, lambda _: None
    )
    assert rates["a"] > slow["a"]


def test_wrong_bytes_are_told_once():
    _, wrong = best_rates([_task("a", [], is_right=False)], 3, lambda _: None)
    assert wrong == ["a gave other bytes than expected"]
