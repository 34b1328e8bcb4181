from pathlib import Path

from node.contracts import names

ARTIFACTS = Path(names.__file__).parent / "artifacts"


def test_every_contract_has_an_artifact() -> None:
    built = {path.stem for path in ARTIFACTS.glob("*.json")}
    assert {*names.ALL_CONTRACT_NAMES} <= built


def test_no_contract_is_built_twice() -> None:
    assert len({*names.CONTRACT_NAMES}) == len(names.CONTRACT_NAMES)
