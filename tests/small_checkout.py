"""A checkout without dependencies, so that setting it up costs seconds and not half a minute."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = str(getattr(sys, "_base_executable", sys.executable))
"""The interpreter below the environment of the tests: what a person has before the first run."""
KEPT = ("PATH", "TMPDIR", "PIP_", "HTTP", "http", "ALL_PROXY", "NO_PROXY", "no_proxy", "SSL_")

PYPROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "wardnet"
version = "0.1.0"
dependencies = []
[project.optional-dependencies]
test = ["iniconfig"]
[tool.setuptools.packages.find]
include = ["node", "node.*"]
"""
MAIN = """
import importlib.util, sys
def main():
    print(sys.prefix, sys.argv[1:], importlib.util.find_spec("iniconfig") is not None, sep="|")
    return 7
if __name__ == "__main__":
    sys.exit(main())
"""
HIDE = """
import sys
from importlib.machinery import ModuleSpec
class Hide:
    def find_spec(name, path=None, target=None):
        if name in {hidden!r} and sys.prefix == sys.base_prefix:
            return ModuleSpec(name, None, is_package=True)
sys.meta_path.insert(0, Hide)
"""


def make(folder: Path) -> Path:
    """Write the small checkout with the real ``cli.py``; it prints its prefix and exits with 7."""
    commands = folder / "node" / "commands"
    commands.mkdir(parents=True)
    for package in (folder / "node", commands):
        (package / "__init__.py").touch()
    (commands / "main.py").write_text(MAIN)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "constraints.txt").write_text("# none\n")
    shutil.copy(ROOT / "cli.py", folder / "cli.py")
    return folder


def environment(home: Path, **more: str) -> dict[str, str]:
    """Give an environment with a clean HOME and this machine's way to its package index."""
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return {**kept, "HOME": str(home), **more}


def hide(folder: Path, *modules: str) -> str:
    """Write a start file that empties modules as Debian does; give its folder for PYTHONPATH."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HIDE.replace("{hidden!r}", repr(modules)))
    return str(folder)


def start(
    checkout: Path, env: dict[str, str], *words: str, python: str = PYTHON
) -> subprocess.CompletedProcess[str]:
    """Run ``python cli.py words`` in the checkout."""
    return subprocess.run(
        [python, str(checkout / "cli.py"), *words],
        cwd=checkout,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; give its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def index_page(folder: Path, *wheels: tuple[str, bytes, str]) -> None:
    """Write the page of an index for pip: each wheel with its name, bytes and more attributes."""
    page = folder / "pip"
    page.mkdir(exist_ok=True)
    links = []
    for name, body, attributes in wheels:
        (page / name).write_bytes(body)
        digest = hashlib.sha256(body).hexdigest()
        links.append(f'<a href="{name}#sha256={digest}" {attributes}>{name}</a>')
    (page / "index.html").write_text("<html><body>" + "<br/>\n".join(links) + "</body></html>")
