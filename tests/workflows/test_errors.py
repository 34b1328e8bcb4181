import pickle

import pytest

from node.base.errors import RefusedError, UnavailableError
from node.base.keccak import keccak256
from node.base.types import Address, Cid
from node.workflows.errors import (
    NO_REASON,
    CommitmentError,
    ContractRevertError,
    FetchFailedError,
    FragmentsMissingError,
    ModalityError,
    NoGrantError,
)

CID = Cid(b"\x01\x55\x12\x20" + bytes(32))
EXAMPLES = [
    (ContractRevertError("ConsentNonce", (4,)), "ConsentNonce(4)"),
    (ContractRevertError("DoctorNotActive", ()), "DoctorNotActive()"),
    (ContractRevertError("X", (b"\x0a\xff", "text")), "X(0x0aff, text)"),
    (CommitmentError("entry 2"), "entry 2 does not hash to the commitment on the ledger"),
    (ModalityError("CT", "MR"), "the order is for CT, the study is MR"),
    (ModalityError("CT", ""), "the order is for CT, the study is of no modality"),
    (NoGrantError("doc-2", 101012026), "doc-2 holds no grant for PMR 101012026"),
    (
        FetchFailedError((CID,), (Address(bytes(20)),), "no new block"),
        f"1 blocks missing (first 0x01551220{'00' * 32}), 1 peers asked: no new block",
    ),
    (FetchFailedError((), (), "why"), "0 blocks missing (first none), 0 peers asked: why"),
    (
        FragmentsMissingError(1, 2, ((2, "lost"), (3, "changed"))),
        "1 of 2 needed fragments are to be had (index 2: lost; index 3: changed)",
    ),
]


@pytest.mark.parametrize(("error", "text"), EXAMPLES)
def test_an_error_says_what_was_wrong(error: Exception, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize("error", [error for error, _ in EXAMPLES])
def test_an_error_survives_a_trip_to_another_process(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


@pytest.mark.parametrize(
    ("kind", "branch"),
    [
        (ContractRevertError, RefusedError),
        (CommitmentError, RefusedError),
        (ModalityError, RefusedError),
        (NoGrantError, RefusedError),
        (FetchFailedError, UnavailableError),
        (FragmentsMissingError, UnavailableError),
    ],
)
def test_the_branch_says_whether_trying_later_can_help(kind: type, branch: type) -> None:
    assert kind.__bases__ == (branch,)


def test_a_custom_error_is_read_with_its_values() -> None:
    data = keccak256(b"DuplicateRegistration(uint256)")[:4] + (7).to_bytes(32)
    error = ContractRevertError.from_data(data)
    assert (error.name, error.values) == ("DuplicateRegistration", (7,))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xde\xad\xbe\xef", b"\xde\xad\xbe\xef" * 9])
def test_return_data_that_is_no_known_error_still_has_a_name(data: bytes) -> None:
    error = ContractRevertError.from_data(data)
    assert error.name
    assert (error.name == NO_REASON) == (not data)
