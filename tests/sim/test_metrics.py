from node.sim.metrics import summaries, summary


def test_statistics_of_one_value_are_that_value():
    assert summary([7]) == {
        "count": 1, "min": 7, "mean": 7, "p50": 7, "p90": 7, "p99": 7, "max": 7,
    }  # fmt: skip


def test_percentiles_are_of_the_nearest_rank():
    found = summary(range(1, 101))
    assert (found["p50"], found["p90"], found["p99"], found["max"]) == (50, 90, 99, 100)


def test_the_order_of_samples_does_not_matter():
    assert summary([3, 1, 2]) == summary([1, 2, 3])


def test_the_mean_is_rounded_down_to_an_integer():
    assert summary([1, 2])["mean"] == 1


def test_a_metric_without_samples_says_so():
    assert summaries({"reorg_depth": []}) == {"reorg_depth": {"count": 0}}
