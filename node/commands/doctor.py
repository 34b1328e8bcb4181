"""``wardnet doctor``: what this machine offers, and what of it is missing."""

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from node.commands import output

PACKAGES: Final = ("py-evm", "coincurve", "safe-pysha3", "cryptography", "numpy", "pydicom")
FREE_BYTES_MIN: Final = 500 * 2**20
"""Room for an environment (about 220 MB) and some run folders."""
GLIBC_MIN: Final = (2, 34)
"""What cryptography's wheels ask for: Debian 12 has it, Debian 11 does not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.  ``ok`` is None where wardnet runs without it."""

    what: str
    found: str
    ok: bool | None
    hint: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Report what this machine offers; exit 3 if something is missing."""
    report = list(findings())
    status = 3 if any(finding.ok is False for finding in report) else 0
    if as_json:
        listed = [asdict(finding) for finding in report]
        output.write_json({"exit_code": status, "seed": None, "findings": listed})
        raise typer.Exit(status)
    words = {True: "ok", False: "MISSING", None: ""}
    rows = [(finding.what, words[finding.ok], finding.found) for finding in report]
    for line in output.columns(rows, indent=0):
        output.say(line)
    for finding in report:
        if finding.ok is False and finding.hint:
            output.talk(f"hint: {finding.hint}")
    raise typer.Exit(status)


def findings() -> Iterator[Finding]:
    """Look at the interpreter, the system, the packages and the optional programs."""
    import platform
    import shutil

    yield Finding("python", platform.python_version(), (3, 11) <= sys.version_info < (3, 14))
    yield Finding("environment", sys.prefix, None)
    yield Finding(
        "machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cpus", None
    )
    yield glibc(*platform.libc_ver())
    yield free_space(shutil.disk_usage(Path.cwd()).free)
    yield from map(package, PACKAGES)
    for name, use in (("node", "rebuilds the contracts"), ("git", "fetches changes")):
        yield Finding(name, shutil.which(name) or f"not found; it only {use}", None)


def glibc(library: str, version: str) -> Finding:
    """Judge the C library; one that is not glibc is not judged."""
    if library != "glibc":
        return Finding("libc", f"{library} {version}".strip() or "unknown", None)
    numbers = tuple(int(part) for part in version.split(".")[:2])
    return Finding(
        "libc", f"glibc {version}", numbers >= GLIBC_MIN, "cryptography needs glibc 2.34 or newer"
    )


def free_space(free_bytes: int) -> Finding:
    """Judge the room for run folders."""
    return Finding(
        "free space",
        f"{free_bytes // 2**20} MiB here",
        free_bytes >= FREE_BYTES_MIN,
        "make room, or name another folder with --out",
    )


def package(name: str) -> Finding:
    """Look for one installed package."""
    import importlib.metadata

    try:
        return Finding(name, importlib.metadata.version(name), ok=True)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", False, "pip install -e . in the checkout")
