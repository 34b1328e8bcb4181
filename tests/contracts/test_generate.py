import re

import pytest

from node.contracts.bindings import lab_registry, pmr_token
from node.contracts.compile import load_artifact
from node.contracts.generate import BINDINGS, bindings, snake_case
from node.contracts.names import ALL_CONTRACT_NAMES


def test_bindings_are_what_the_abis_make() -> None:
    """After a change of a contract: ``python -m node.contracts.generate``."""
    written = {path.name: path.read_text("utf-8") for path in BINDINGS.glob("*.py")}
    assert written == bindings()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("requestId", "request_id"),
        ("isAllowedFor", "is_allowed_for"),
        ("tokenURI", "token_uri"),
        ("PmrToken", "pmr_token"),
        ("from", "from_"),
        ("list", "list_"),
        ("_hidden", "hidden"),
    ],
)
def test_names_are_python_s(name: str, plain: str) -> None:
    assert snake_case(name) == plain


@pytest.mark.parametrize("name", ALL_CONTRACT_NAMES)
def test_every_function_and_event_has_a_name_of_its_own(name: str) -> None:
    text = bindings()[f"{snake_case(name)}.py"]
    abi = load_artifact(name).abi
    functions = re.findall(r"^def (\w+)", text, re.MULTILINE)
    classes = re.findall(r"^class (\w+)", text, re.MULTILINE)
    assert len(functions) == len({*functions})
    assert len(functions) == sum(item["type"] == "function" for item in abi) + 1  # constructor
    assert classes == [item["name"] for item in abi if item["type"] == "event"]


def test_overloads_are_told_apart_by_their_arguments() -> None:
    assert pmr_token.safe_transfer_from_3 is not pmr_token.safe_transfer_from_4


def test_a_view_knows_where_to_ask() -> None:
    view = lab_registry.order_count(lab_registry.Address(b"\x01" * 20))
    assert view.to == b"\x01" * 20
    assert view.decode(bytes(31) + b"\x07") == 7
