"""The names of ``node`` and their signatures are those of ``public_api.txt``.

A change is a line in the changelog; then ``WARDNET_WRITE=1 pytest tests/test_public_api.py``.
"""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import node

STORED = Path(__file__).with_name("public_api.txt")


def described(name: str) -> str:
    """Give a public name with its signature."""
    value = getattr(node, name)
    if not callable(value):
        return f"{name}: {type(value).__qualname__}"
    signature = str(inspect.signature(value))
    return name + signature.replace("pathlib._local.", "pathlib.")  # its name in Python 3.13


def test_names_and_signatures_are_the_stored_ones() -> None:
    text = "".join(f"{described(name)}\n" for name in sorted(node.__all__))
    if os.environ.get("WARDNET_WRITE") == "1":
        STORED.write_text(text, "utf-8")
    assert text == STORED.read_text("utf-8")


def test_every_public_name_has_a_docstring() -> None:
    assert [name for name in node.__all__ if not inspect.getdoc(getattr(node, name))] == []


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'node' has no attribute 'nonsense'"):
        getattr(node, "nonsense")  # noqa: B009 - a type checker would refuse the dotted form


def test_importing_the_package_imports_none_of_its_parts() -> None:
    program = "import sys, node; print([m for m in sys.modules if m.startswith('node.')])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
