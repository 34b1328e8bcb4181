"""``cli.py`` piece by piece; whole first runs are in test_bootstrap.py."""

import ast
import importlib.util
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.small_checkout import ROOT, environment, hide, index_page, make, serving, start

SOURCE = (ROOT / "cli.py").read_text("utf-8")


@pytest.fixture
def cli(tmp_path: Path) -> ModuleType:
    """Give the module as it stands in a small checkout."""
    path = make(tmp_path / "checkout") / "cli.py"
    spec = importlib.util.spec_from_file_location("cli_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def venv_of(cli: ModuleType) -> Path:
    """Make what looks like an environment."""
    venv = Path(cli.ROOT) / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    return venv


def stamp(cli: ModuleType, venv: Path, *extras: str) -> None:
    """Write the stamp of a finished set-up."""
    lines = [*cli.wanted_stamp(), " ".join(["extras", *extras])]
    (venv / cli.STAMP).write_text("\n".join(lines) + "\n")


def test_source_parses_under_python_3_7() -> None:
    assert ast.parse(SOURCE, feature_version=(3, 7)).body


def test_source_imports_the_standard_library_and_node_alone() -> None:
    names = set()
    for found in ast.walk(ast.parse(SOURCE)):
        if isinstance(found, ast.Import):
            names |= {alias.name.split(".")[0] for alias in found.names}
        elif isinstance(found, ast.ImportFrom):
            names.add(str(found.module).split(".")[0])
    assert names - sys.stdlib_module_names == {"node"}


def test_source_names_no_index() -> None:
    assert "://" not in SOURCE


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ((3, 9, 2), "wardnet needs Python 3.11 or newer; this is 3.9.2"),
        ((3, 10, 13), "wardnet needs Python 3.11 or newer; this is 3.10.13"),
        ((3, 14, 0), "wardnet needs Python 3.11, 3.12 or 3.13; this is 3.14.0"),
    ],
)
def test_python_that_does_not_fit_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: tuple[int, ...],
    sentence: str,
) -> None:
    main = runpy.run_path(str(ROOT / "cli.py"))["main"]
    monkeypatch.setattr(sys, "version_info", version)
    assert main() == 3
    assert capsys.readouterr().err == f"error: {sentence}\n"


def test_interpreter_that_has_the_distribution_is_used_as_it_is() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "doctor"],
        env={**os.environ, "WARDNET_NO_VENV": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert sys.prefix in done.stdout


def test_interpreter_as_it_is_without_the_packages_says_which_is_missing(tmp_path: Path) -> None:
    checkout = make(tmp_path / "checkout")
    (checkout / "node" / "commands" / "main.py").write_text("import no_such_package")
    done = start(checkout, environment(tmp_path / "home", WARDNET_NO_VENV="1"), "run")
    assert done.returncode == 3
    assert done.stderr.startswith("error: no_such_package is not installed in ")


def test_nothing_is_ready_without_a_stamp(cli: ModuleType) -> None:
    assert not cli.is_ready(str(venv_of(cli)), [])


def test_finished_set_up_is_ready(cli: ModuleType) -> None:
    venv = venv_of(cli)
    stamp(cli, venv)
    assert cli.is_ready(str(venv), [])


def test_set_up_for_run_is_not_ready_for_test(cli: ModuleType) -> None:
    venv = venv_of(cli)
    stamp(cli, venv)
    assert not cli.is_ready(str(venv), ["test"])


def test_set_up_for_test_is_ready_for_run(cli: ModuleType) -> None:
    venv = venv_of(cli)
    stamp(cli, venv, "test")
    assert cli.is_ready(str(venv), [])


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_not_ready(cli: ModuleType, name: str) -> None:
    venv = venv_of(cli)
    stamp(cli, venv)
    with (Path(cli.ROOT) / name).open("a") as file:
        file.write("# changed\n")
    assert not cli.is_ready(str(venv), [])


def test_other_python_or_place_is_not_ready(
    cli: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = venv_of(cli)
    stamp(cli, venv)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 12, 1))
        assert not cli.is_ready(str(venv), [])
    Path(cli.ROOT).rename(cli.ROOT + "-moved")
    cli.ROOT += "-moved"
    assert not cli.is_ready(cli.ROOT + "/.venv", [])


def test_environment_whose_python_is_gone_is_not_ready(cli: ModuleType) -> None:
    venv = venv_of(cli)
    stamp(cli, venv)
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/no/such/python")
    assert not cli.is_ready(str(venv), [])


def test_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "letter.txt").write_text("dear")
    checkout = make(tmp_path / "checkout")
    done = start(checkout, environment(tmp_path / "home", WARDNET_VENV=str(theirs)), "run")
    assert done.returncode == 3
    assert done.stderr == (
        f"error: {theirs} is not empty and was not made by cli.py\nhint: WARDNET_VENV=<folder>\n"
    )
    assert [path.name for path in theirs.iterdir()] == ["letter.txt"]


NO_INDEX = "Retrying ... NewConnectionError('<conn>: Failed to establish a new connection')"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "there is no space left for V"),
        ("OSError: [Errno 30] Read-only file system: 'x'", "cannot write V"),
        ("PermissionError: [Errno 13] Permission denied: 'x'", "cannot write V"),
        (NO_INDEX, "the package index cannot be reached"),
        (
            NO_INDEX + "\nERROR: No matching distribution found for setuptools>=77",
            "the package index cannot be reached",
        ),
        (
            (
                "ERROR: Could not find a version that satisfies the requirement setuptools>=77 "
                "(from versions: none)\nERROR: No matching distribution found for setuptools>=77"
            ),
            "the package index cannot be reached",
        ),
        (
            (
                "The conflict is caused by:\n    wardnet 0.1.0 depends on cffi>=2\n"
                "    The user requested (constraint) cffi==2.1.1"
            ),
            "there is no wheel of cffi==2.1.1 for this machine and Python 3.1",
        ),
        (
            "ERROR: No matching distribution found for cryptography==50.0.2",
            "there is no wheel of cryptography==50.0.2 for this machine and Python 3.1",
        ),
        ("one\n\ntwo", "setting up V failed:\n  one\n  two"),
    ],
)
def test_failure_has_its_sentence(cli: ModuleType, said: str, sentence: str) -> None:
    assert cli.explain("V", said)[0].startswith(sentence)


def test_setting_of_pip_comes_from_the_environment_before_its_files(
    cli: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = file-says\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert cli.pip_setting("index-url") == "file-says"
    monkeypatch.setenv("PIP_INDEX_URL", "environment-says")
    assert cli.pip_setting("index-url") == "environment-says"


def test_setting_that_nobody_made_is_none(cli: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_SUCH_SETTING", raising=False)
    assert cli.pip_setting("no-such-setting") is None


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of an index that pip's settings name; its pages are still to be written."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(folder) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        yield folder


@pytest.mark.net
def test_newest_pip_that_is_not_yanked_is_fetched(
    cli: ModuleType, index: Path, tmp_path: Path
) -> None:
    index_page(
        index,
        ("pip-9.0.3-py3-none-any.whl", b"old", ""),
        ("pip-23.10-py3-none-any.whl", b"wanted", 'data-requires-python="&gt;=3.7"'),
        ("pip-23.9.1-py3-none-any.whl", b"older", ""),
        ("pip-24.0-py3-none-any.whl", b"yanked", 'data-yanked="broken"'),
        ("pip-25.0b1-py3-none-any.whl", b"unfinished", ""),
    )
    assert Path(cli.download_pip(str(tmp_path))).read_bytes() == b"wanted"


@pytest.mark.net
def test_pip_whose_digest_differs_is_refused(cli: ModuleType, index: Path, tmp_path: Path) -> None:
    name = "pip-24.0-py3-none-any.whl"
    index_page(index, (name, b"as published", ""))
    (index / "pip" / name).write_bytes(b"as changed")
    with pytest.raises(cli.Stop, match="has not the sha256"):
        cli.download_pip(str(tmp_path))
    assert not (tmp_path / name).exists()


@pytest.mark.net
def test_pip_without_a_digest_is_refused(cli: ModuleType, index: Path, tmp_path: Path) -> None:
    name = "pip-24.0-py3-none-any.whl"
    index_page(index, (name, b"as published", ""))
    (index / "pip" / "index.html").write_text(f'<a href="{name}">{name}</a>')
    with pytest.raises(cli.Stop, match="has not the sha256"):
        cli.download_pip(str(tmp_path))


@pytest.mark.net
def test_index_without_pip_is_told(cli: ModuleType, index: Path, tmp_path: Path) -> None:
    index_page(index)
    with pytest.raises(cli.Stop, match="names no pip wheel"):
        cli.download_pip(str(tmp_path))


@pytest.mark.net
def test_index_that_does_not_answer_is_told(cli: ModuleType, index: Path, tmp_path: Path) -> None:
    with pytest.raises(cli.Stop, match="cannot be fetched from the index: HTTP Error 404"):
        cli.download_pip(str(tmp_path))


def test_python_without_pip_and_index_is_told_what_to_install(tmp_path: Path) -> None:
    env = environment(
        tmp_path / "home",
        PYTHONPATH=hide(tmp_path / "hide", "pip", "ensurepip"),
        PIP_CONFIG_FILE="/dev/null",
    )
    env.pop("PIP_INDEX_URL", None)
    done = start(make(tmp_path / "checkout"), env, "run")
    said = done.stderr.splitlines()
    if "index" in said[1] and "no index is named" not in said[1]:
        pytest.skip("this machine's own pip configuration names an index")
    assert done.returncode == 3
    assert said[1:] == [
        "error: this Python has neither ensurepip nor pip, and no index is named",
        "hint: apt install python3-venv",
    ]
