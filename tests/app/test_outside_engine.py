"""Engines of one's own."""

import sys
from pathlib import Path

import pytest

from node.app.outside_engine import outside_plan
from node.base.errors import ConfigError
from node.sim.loader import load
from node.sim.runner import _Run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("absent_engine:Engine", None, "cannot import absent_engine"),
        (":Engine", None, "cannot import"),
        (".beside:Engine", None, "cannot import .beside"),
        ("half_engine:Engine", "x = 1\n", "half_engine has no Engine"),
        (
            "bare_engine:Engine",
            "class Engine:\n    handle = print\n",
            "Engine has no verify_header",
        ),
        ("raising_engine:Engine", "1 / 0\n", r"raised ZeroDivisionError: .*raising_engine.py:1"),
        ("wrong_engine:Engine", "def x(:\n", "raised SyntaxError"),
        ("leaving_engine:Engine", "import sys\nsys.exit(0)\n", "raised SystemExit: 0"),
        ("bad_engine:Engine", "import nothing_like_this\n", "No module named 'nothing_like_this'"),
    ],
)
def test_what_is_no_engine_is_told(folder: Path, name: str, text: str | None, told: str) -> None:
    if text is not None:
        (folder / f"{name.partition(':')[0]}.py").write_text(text)
    with pytest.raises(ConfigError, match=told):
        outside_plan(name, {}, period_s=5)


@pytest.mark.parametrize("trouble", ["", "faults: [{do: crash, nodes: h1, at: 5s, lasting: 6s}]\n"])
def test_the_example_runs_under_the_checkers(monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))
    text = (
        "wardnet: 1\nname: own\nrun: {until: 20s}\n"
        "chain: {consensus: 'examples.round_robin:Engine', period: 1s, "
        "options: {outside: {timeout: 1}}}\n" + trouble + "expect:\n"
        "  - {always: chain_linked}\n  - {always: agreement}\n  - {always: times_possible}\n"
        "  - {eventually: {height_at_least: {blocks: 10}}}\n"
    )
    run = _Run(load(text, "own.yaml"), {}, lambda _event: None)
    run.play()
    results = run.results({})
    assert (results.verdict, results.cause) == ("valid", None)
    assert results.chain.live


def test_an_engine_that_raises_leaves_the_run_undecided(folder: Path) -> None:
    sys.path.append(str(ROOT))
    (folder / "raising.py").write_text(
        "from examples.round_robin import Engine as Example\n"
        "class Engine(Example):\n"
        "    def on_built(self, event, now, out):\n"
        "        raise KeyError('boom')\n"
    )
    text = "wardnet: 1\nname: own\nrun: {until: 20s}\nchain: {consensus: 'raising:Engine'}\n"
    run = _Run(load(text, "own.yaml"), {}, lambda _event: None)
    run.play()
    results = run.results({})
    told = "engine raising:Engine: handle(BlockBuilt) raised KeyError: 'boom' (raising.py:4)"
    assert (results.verdict, results.cause) == ("unknown", f"EngineFaultError: {told}")
