"""The patient's journey is valid with ERC-1155 too, and executors agree on every byte of it."""

from pathlib import Path

import pytest

from node.sim.loader import load
from node.sim.runner import judge_scenario

FILE = Path(__file__).parents[2] / "scenarios" / "patient-journey.yaml"


@pytest.mark.slow
def test_the_journey_is_valid_with_records_as_erc1155() -> None:
    pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")
    digests = set()
    for executor in ("py-evm", "revm"):
        text = FILE.read_text("utf-8")
        chosen = text.replace("chain: {", f"chain: {{token: erc1155, executor: {executor}, ")
        assert chosen != text
        results = judge_scenario(load(chosen, str(FILE)), FILE).as_dict()
        broken = [each["text"] for each in results["expectations"] if each["holds"] is not True]
        assert (broken, results["verdict"]) == ([], "valid")
        digests.add(results["digest"])
    assert len(digests) == 1
