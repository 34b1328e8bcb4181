from node.bench.figures import figure_row
from node.commands.bench_tables import print_figures, print_place


def test_figures_stand_beside_their_targets(capsys):
    rows = [
        figure_row("slow", 2.0, "/s", ">= 3", is_met=False),
        figure_row("fast", 30.0, "/s", ">= 3", is_met=True, ratio=2.0),
        figure_row("plain", 1.0, "/s"),
    ]
    print_figures({"rows": rows, "disagreements": ["a and b"]})
    lines = capsys.readouterr().out.splitlines()
    assert any("a and b" in line for line in lines)
    assert "MISSED" in lines[1]
    assert "2.00x as fast" in lines[2]
    assert lines[2].split()[-1] == "met"
    assert "met" not in lines[3]


def test_the_place_is_told(capsys):
    place = {"system": "S", "processor": "P", "cpus": 2, "python": "3"}
    print_place({"machine": place, "load_before": [1], "load_after": [2]})
    said = capsys.readouterr().out
    assert "S, P, 2 cpus, python 3" in said
    assert "[1] before, [2] after" in said
