from node.bench.figures import figure_row


def test_a_row_says_its_figure_and_whether_that_is_enough():
    row = figure_row("add", 1.23456, "s", "<= 2", is_met=True, ratio=1.2345)
    assert (row["figure"], row["ratio"], row["is_met"]) == (1.235, 1.23, True)
    assert figure_row("add", 1, "s")["ratio"] is None
