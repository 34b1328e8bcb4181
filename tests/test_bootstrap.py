"""First runs of ``cli.py``: whole processes, clean HOME, no cache of pip.

Most of them set up a small checkout without dependencies; the last one sets up this one.
"""

import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.small_checkout import (
    PYTHON,
    ROOT,
    environment,
    hide,
    index_page,
    make,
    serving,
    start,
)

pytestmark = [pytest.mark.slow, pytest.mark.net]
CPU_SECONDS_MAX = 60.0
WARDNET_DOCTOR = ("doctor", "--json")


@pytest.fixture(scope="module", autouse=True)
def pip_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fetch a pip wheel from the package index; without one nothing here can run."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ["download", "--quiet", "--no-deps", "--no-cache-dir", "--retries", "1", "pip"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, "--dest", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        pytest.skip(f"needs the package index: {done.stderr.strip().splitlines()[-1:]}")
    return next(folder.glob("pip-*.whl"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a small checkout."""
    return make(tmp_path / "checkout")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which pip keeps a log of what it installs."""
    return environment(tmp_path / "home", PIP_LOG=str(tmp_path / "pip.log"))


def succeeds(command: list[str]) -> bool:
    """Say whether a command ends well."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def installs(env: dict[str, str]) -> int:
    """Count how often pip installed wardnet."""
    log = Path(env["PIP_LOG"])
    return log.read_text().count("Successfully installed wardnet") if log.exists() else 0


@dataclass(frozen=True)
class Settled:
    """A small checkout after its first run."""

    checkout: Path
    env: dict[str, str]
    first: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Settled:
    """Run a small checkout for the first time, in a path with a space and beyond ASCII."""
    folder = tmp_path_factory.mktemp("settled")
    checkout, env = make(folder / "my h\u00f6spital files"), environment(folder / "home")
    return Settled(checkout, env, start(checkout, env, "run", "x.yaml", "--seed", "7"))


def test_first_run_sets_up_and_ends_with_the_programs_exit_code(settled: Settled) -> None:
    wanted = f"{settled.checkout / '.venv'}|['run', 'x.yaml', '--seed', '7']|False\n"
    assert (settled.first.returncode, settled.first.stdout) == (7, wanted)


def test_first_run_says_one_line_on_stderr(settled: Settled) -> None:
    wanted = f"setting up wardnet in {settled.checkout / '.venv'}: once, about 30 s\n"
    assert settled.first.stderr == wanted


def test_second_run_says_nothing_of_its_own(settled: Settled) -> None:
    again = start(settled.checkout, settled.env, "run")
    assert (again.returncode, again.stderr) == (7, "")


def test_folder_named_node_at_the_place_of_the_call_does_no_harm(
    tmp_path: Path, settled: Settled
) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "__init__.py").write_text("raise SystemExit(99)")
    command = [PYTHON, str(settled.checkout / "cli.py"), "run"]
    done = subprocess.run(command, cwd=tmp_path, env=settled.env, check=False)
    assert done.returncode == 7


def test_test_tools_are_installed_for_test_and_not_for_run(
    checkout: Path, env: dict[str, str]
) -> None:
    has_tools = [start(checkout, env, word).stdout.split("|")[2] for word in ("run", "test")]
    assert has_tools == ["False\n", "True\n"]


def test_folder_of_the_environment_can_be_chosen(
    tmp_path: Path, checkout: Path, env: dict[str, str]
) -> None:
    env["WARDNET_VENV"] = str(tmp_path / "deep" / "environment")
    assert start(checkout, env, "run").stdout.startswith(env["WARDNET_VENV"] + "|")
    assert not (checkout / ".venv").exists()


def test_changed_pyproject_is_installed_again_without_starting_afresh(
    checkout: Path, env: dict[str, str]
) -> None:
    start(checkout, env, "run")
    kept = checkout / ".venv" / "kept"
    kept.touch()
    pyproject = checkout / "pyproject.toml"
    pyproject.write_text(
        pyproject.read_text().replace("dependencies = []", 'dependencies = ["iniconfig"]', 1)
    )
    done = start(checkout, env, "run")
    assert done.stdout.endswith("|True\n")
    assert kept.exists()


def test_two_first_runs_at_once_install_once(checkout: Path, env: dict[str, str]) -> None:
    command = [PYTHON, str(checkout / "cli.py"), "run"]
    both = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE) for _ in range(2)]
    for process in both:
        process.communicate(timeout=300)
    assert [process.returncode for process in both] == [7, 7]
    assert installs(env) == 1


@pytest.mark.parametrize("moment", ["bin/python", "lib"])
def test_set_up_that_was_killed_half_way_is_made_again(
    checkout: Path, env: dict[str, str], moment: str
) -> None:
    venv = checkout / ".venv"
    process = subprocess.Popen([PYTHON, str(checkout / "cli.py"), "run"], env=env)
    deadline = time.monotonic() + 60
    while not (venv / moment).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (venv / ".wardnet-ready").exists()
    done = start(checkout, env, "run")
    assert done.returncode == 7
    assert (venv / ".wardnet-ready").exists()


def test_environment_without_stamp_is_made_again(checkout: Path, env: dict[str, str]) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").write_text("half a python")
    (checkout / ".venv" / "left-over").touch()
    assert start(checkout, env, "run").returncode == 7
    assert not (checkout / ".venv" / "left-over").exists()


def test_environment_made_by_hand_is_used_and_not_cleared(
    checkout: Path, env: dict[str, str]
) -> None:
    subprocess.run([PYTHON, "-m", "venv", str(checkout / ".venv")], env=env, check=True)
    (checkout / ".venv" / "kept").touch()
    assert start(checkout, env, "run").returncode == 7
    assert (checkout / ".venv" / "kept").exists()


def test_python_without_ensurepip_uses_the_pip_it_has(
    tmp_path: Path, checkout: Path, env: dict[str, str]
) -> None:
    if not succeeds([PYTHON, "-m", "pip", "--version"]):
        pytest.skip(f"{PYTHON} has no pip")
    env["PYTHONPATH"] = hide(tmp_path / "hide", "ensurepip")
    done = start(checkout, env, "run")
    assert (done.returncode, len(done.stderr.splitlines())) == (7, 1)


def test_python_without_ensurepip_and_pip_fetches_one_from_the_index(
    tmp_path: Path, checkout: Path, env: dict[str, str], pip_wheel: Path
) -> None:
    """The small index has pip alone: that pip finds the rest as this machine's pip does."""
    index_page(tmp_path, (pip_wheel.name, pip_wheel.read_bytes(), ""))
    (tmp_path / "pip.conf").write_text("[global]\n")
    wheels = tmp_path / "wheels"
    download = ["download", "--quiet", "--no-deps", "--dest", str(wheels), "setuptools>=77"]
    subprocess.run([sys.executable, "-m", "pip", *download], check=True)
    env["PYTHONPATH"] = hide(tmp_path / "hide", "ensurepip", "pip")
    env["PIP_FIND_LINKS"] = str(wheels)
    env["no_proxy"] = "127.0.0.1"
    with serving(tmp_path) as env["PIP_INDEX_URL"]:
        done = start(checkout, env, "run")
    assert (done.returncode, len(done.stderr.splitlines())) == (7, 1)


@pytest.mark.parametrize("retries", ["0", "1"])
def test_index_out_of_reach_is_told(checkout: Path, env: dict[str, str], retries: str) -> None:
    """Without a retry pip says nothing about the connection."""
    env |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": retries, "no_proxy": "*"}
    for name in ("PIP_FIND_LINKS", "PIP_LOG"):  # with a log pip keeps its reasons there
        env.pop(name, None)
    done = start(checkout, env, "run")
    assert done.returncode == 3
    assert done.stderr.splitlines()[1:] == [
        "error: the package index cannot be reached",
        "hint: connect, or name an index in PIP_INDEX_URL, and try again",
    ]


def test_package_without_a_wheel_is_named(checkout: Path, env: dict[str, str]) -> None:
    (checkout / "constraints.txt").write_text("iniconfig==0.0.1\n")
    done = start(checkout, env, "test")
    assert done.returncode == 3
    assert "error: there is no wheel of iniconfig==0.0.1 for this machine" in done.stderr


def read_only(folder: Path, command: list[str]) -> list[str]:
    """Give a command that runs another while ``folder`` is mounted read-only."""
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", script, str(folder), *command]


def test_read_only_checkout_works_with_an_environment_elsewhere(
    tmp_path: Path, checkout: Path, env: dict[str, str]
) -> None:
    if not shutil.which("unshare") or not succeeds(read_only(checkout, ["true"])):
        pytest.skip("needs a mount namespace")
    command = read_only(checkout, [PYTHON, str(checkout / "cli.py"), "test"])
    refused = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert refused.returncode == 3
    assert "hint: WARDNET_VENV=<folder>" in refused.stderr
    env["WARDNET_VENV"] = str(tmp_path / "elsewhere")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, f"{tmp_path / 'elsewhere'}|['test']|True\n")
    assert list((tmp_path / "elsewhere").rglob("wardnet-0.1.0.dist-info/METADATA"))


def test_this_checkout_sets_itself_up_without_the_test_tools(
    tmp_path: Path, env: dict[str, str]
) -> None:
    checkout = tmp_path / "checkout"
    unwanted = shutil.ignore_patterns("__pycache__", "node_modules")
    shutil.copytree(ROOT / "node", checkout / "node", ignore=unwanted)
    for name in ("cli.py", "pyproject.toml", "constraints.txt", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, checkout)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = start(checkout, env, *WARDNET_DOCTOR)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < CPU_SECONDS_MAX
    library = next((checkout / ".venv" / "lib").iterdir())
    packages = {path.name for path in (library / "site-packages").iterdir()}
    assert "typer" in packages
    assert {"pytest", "_pytest", "mypy", "ruff", "pyright"}.isdisjoint(packages)
