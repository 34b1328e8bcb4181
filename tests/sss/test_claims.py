"""The claims stand as they are agreed, for the schemes that there are."""

import subprocess
import sys

from node.sss.claims import CLAIMS


def test_the_default_comes_first() -> None:
    assert list(CLAIMS) == ["ssms-1tn", "xor-1tn", "nlss-q", "ssms-feldman"]


def test_the_leak_of_the_quadratic_scheme_is_not_hidden() -> None:
    assert "LEAKS 0.9956 of 8 bits per byte" in CLAIMS["nlss-q"]
    assert "2012" not in CLAIMS["nlss-q"]


def test_claims_cost_no_import() -> None:
    program = "import sys, node.sss.claims; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
