import pytest

from node.contracts.abi import encode_values, selector
from node.contracts.compile import load_artifact
from node.contracts.names import ALL_CONTRACT_NAMES
from node.contracts.reverts import CUSTOM_ERRORS, RevertReason, decode_error


def test_list_of_errors_is_that_of_the_artifacts() -> None:
    declared = {"Error(string)", "Panic(uint256)"}
    for name in ALL_CONTRACT_NAMES:
        for item in load_artifact(name).abi:
            if item["type"] == "error":
                declared.add(f"{item['name']}({','.join(each['type'] for each in item['inputs'])})")
    assert set(CUSTOM_ERRORS) == declared


def test_selectors_of_the_errors_differ() -> None:
    assert len({selector(each) for each in CUSTOM_ERRORS}) == len(CUSTOM_ERRORS)


def test_custom_error_decodes_with_its_argument() -> None:
    data = selector("DuplicateRegistration(uint256)") + encode_values("", ("uint256",), (7,))
    assert decode_error(data) == RevertReason("DuplicateRegistration", (7,))


def test_error_string_decodes() -> None:
    data = bytes.fromhex("08c379a0") + encode_values("", ("string",), ("no",))
    assert decode_error(data) == RevertReason("Error", ("no",))


def test_panic_decodes() -> None:
    data = bytes.fromhex("4e487b71") + encode_values("", ("uint256",), (0x11,))
    assert decode_error(data) == RevertReason("Panic", (0x11,))


def test_revert_without_data_has_no_name() -> None:
    assert decode_error(b"") == RevertReason("")


@pytest.mark.parametrize("data", [b"\x01", b"\x01\x02\x03\x04rest"])
def test_foreign_data_is_unknown_and_kept(data: bytes) -> None:
    assert decode_error(data) == RevertReason("Unknown", (data,))


def test_cut_off_arguments_are_unknown() -> None:
    data = selector("ConsentNonce(uint256)") + b"\0" * 31
    assert decode_error(data) == RevertReason("Unknown", (data,))


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (RevertReason(""), "reverted without a reason"),
        (RevertReason("TokenLocked"), "TokenLocked"),
        (RevertReason("ConsentNonce", (3,)), "ConsentNonce(3)"),
    ],
)
def test_reason_reads_as_a_line(reason: RevertReason, text: str) -> None:
    assert str(reason) == text
