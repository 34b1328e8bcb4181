"""Where the test vectors of independent origin lie, and what happens when they do not."""

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "vectors"


def vectors(folder: str) -> Path:
    """Give a folder of vectors; skip (or fail under WARDNET_VECTORS_REQUIRED=1) without it."""
    root = Path(os.environ.get("WARDNET_VECTORS", _DEFAULT))
    path = root / folder
    if path.is_dir():
        return path
    reason = f"needs the test vectors {folder!r}: tried {path} (set WARDNET_VECTORS)"
    if os.environ.get("WARDNET_VECTORS_REQUIRED") == "1":
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)
