"""What is in the wheel: all of ``node``, with its data, and nothing else."""

import configparser
import fnmatch
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.small_checkout import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NOT_SHIPPED = {".npmrc", "build.mjs", "package.json", "package-lock.json"}
"""What rebuilds the contracts in a checkout; two of them are JSON and travel along."""


def data_files() -> list[str]:
    """Give what lies in ``node`` besides Python, relative to it."""
    return sorted(
        path.relative_to(ROOT / "node").as_posix()
        for path in (ROOT / "node").rglob("*")
        if path.is_file()
        and path.suffix not in {".py", ".pyc"}
        and not {"node_modules", "__pycache__"} & set(path.parts)
    )


def test_every_data_file_of_node_matches_a_pattern_of_the_package() -> None:
    patterns = [
        f"{package.replace('.', '/')}/{pattern}".removeprefix("node/")
        for package, listed in PROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in listed
    ]
    left_out = [
        name
        for name in data_files()
        if name.rsplit("/", 1)[-1] not in NOT_SHIPPED
        and not any(fnmatch.fnmatch(name, pattern.replace("**/", "*")) for pattern in patterns)
    ]
    assert left_out == []


def test_console_script_is_the_entry_of_the_commands() -> None:
    assert PROJECT["project"]["scripts"] == {"wardnet": "node.commands.main:main"}


def test_every_requirement_is_pinned_in_the_constraints() -> None:
    pins = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().split()}
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = [re.split(r"[\[=><]", word)[0].lower() for word in wanted]
    assert [name for name in names if name not in pins] == []


def test_every_requirement_has_its_reason_and_licence_in_the_docs() -> None:
    rows = re.findall(
        r"^\| ([\w.-]+) \| [^|]+ \| [^|]{10,} \|$",
        (ROOT / "docs" / "dependencies.md").read_text("utf-8"),
        re.MULTILINE,
    )
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = [re.split(r"[\[=><]", word)[0] for word in wanted]
    assert [name for name in rows if name != "package"][: len(names)] == names


def test_every_constraint_names_one_version() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    assert [line for line in lines if line.count("==") != 1] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of a copy of this checkout in which npm has run."""
    copy = tmp_path_factory.mktemp("packaging") / "checkout"
    unwanted = shutil.ignore_patterns(
        ".git", ".venv*", "__pycache__", "node_modules", "*.egg-info", "runs", ".*_cache"
    )
    shutil.copytree(ROOT, copy, ignore=unwanted)
    package = copy / "node" / "contracts" / "node_modules" / "solc"
    package.mkdir(parents=True)
    (package / "package.json").write_text("{}")
    words = ["wheel", "--quiet", "--no-deps", "--wheel-dir", str(copy / "dist"), str(copy)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False
    )
    if "No matching distribution found for setuptools" in done.stderr:
        pytest.skip("needs the package index for setuptools")
    assert done.returncode == 0, done.stderr
    return next((copy / "dist").glob("wardnet-*.whl"))


@pytest.mark.slow
@pytest.mark.net
def test_wheel_holds_node_alone(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"node"}


@pytest.mark.slow
@pytest.mark.net
def test_wheel_holds_every_file_of_node(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "node").rglob("*.py")
        if "node_modules" not in path.parts
    }
    data = {f"node/{name}" for name in data_files() if name.rsplit("/", 1)[-1] not in NOT_SHIPPED}
    assert (modules | data) - names == set()


@pytest.mark.slow
@pytest.mark.net
def test_wheel_leaves_out_what_npm_installed(wheel: Path) -> None:
    assert [name for name in zipfile.ZipFile(wheel).namelist() if "node_modules" in name] == []


@pytest.mark.slow
@pytest.mark.net
def test_wheel_has_the_console_script(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    name = next(name for name in archive.namelist() if name.endswith("/entry_points.txt"))
    scripts = configparser.ConfigParser()
    scripts.read_string(archive.read(name).decode())
    assert dict(scripts["console_scripts"]) == {"wardnet": "node.commands.main:main"}


@pytest.mark.slow
@pytest.mark.net
def test_unpacked_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import node; assert node.__file__.startswith(sys.path[0]), node.__file__\n"
        "from node.commands.main import main; sys.exit(main(['schema']))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=tmp_path, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
