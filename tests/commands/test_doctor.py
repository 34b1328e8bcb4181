"""``doctor``: what is missing is named, and only what is needed decides."""

import json
from collections.abc import Iterator

import pytest

from node.commands import doctor
from node.commands.doctor import FREE_BYTES_MIN, Finding, free_space, glibc, package
from node.commands.main import main


def missing() -> Iterator[Finding]:
    """Give a report with one thing missing."""
    yield Finding("python", "3.11.7", ok=True)
    yield Finding("coincurve", "not installed", False, "install it")
    yield Finding("node", "not found", None)


def test_this_environment_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "coincurve" in capsys.readouterr().out


def test_missing_part_ends_with_3_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "findings", missing)
    assert main(["doctor"]) == 3
    said = capsys.readouterr()
    assert "coincurve  MISSING  not installed\n" in said.out
    assert said.err == "hint: install it\n"


def test_json_is_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "findings", missing)
    assert main(["doctor", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_code"], len(document["findings"])) == (3, 3)


@pytest.mark.parametrize(
    ("version", "ok"), [("2.33", False), ("2.34", True), ("2.36", True), ("2.31.1", False)]
)
def test_glibc_must_be_that_of_the_wheels(version: str, ok: bool) -> None:
    assert glibc("glibc", version).ok is ok


def test_other_libc_is_not_judged() -> None:
    assert glibc("", "").ok is None


@pytest.mark.parametrize(
    ("free", "ok"), [(0, False), (FREE_BYTES_MIN - 1, False), (FREE_BYTES_MIN, True)]
)
def test_room_is_judged_at_its_limit(free: int, ok: bool) -> None:
    assert free_space(free).ok is ok


def test_package_that_is_not_installed_is_missing() -> None:
    assert package("no-such-package").ok is False
