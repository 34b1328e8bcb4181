"""Runs the JavaScript clients of this folder; without their packages the tests are skipped."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
INSTALL = "npm ci --prefix tests/clients"


def run_client(script: str, *words: str) -> dict[str, Any]:
    """Run a script of this folder; give the object that it prints."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js")
    if not (FOLDER / "node_modules").is_dir():
        pytest.skip(f"needs the packages of tests/clients: {INSTALL}")
    done = subprocess.run(
        ["node", script, *words],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed
