import pickle

import pytest

from node.base.errors import CodecError, ConfigError, OperatorError, WardnetError
from node.contracts.errors import (
    AbiDataError,
    ArtifactError,
    CallArgumentError,
    CidFormError,
    DeploymentError,
    PmrIdError,
)

ALL = [
    (CallArgumentError("grant", "too big"), OperatorError, "grant: too big"),
    (AbiDataError("abi", "too short"), CodecError, "abi: too short"),
    (CidFormError(b"\x01", "short"), OperatorError, "cid 0x01: short"),
    (PmrIdError("no date"), OperatorError, "no date"),
    (ArtifactError("none"), ConfigError, "none"),
    (DeploymentError("nonce"), ConfigError, "nonce"),
]


@pytest.mark.parametrize(("error", "branch", "text"), ALL)
def test_error_says_what_was_wrong_and_who_must_act(
    error: WardnetError, branch: type[WardnetError], text: str
) -> None:
    assert isinstance(error, branch)
    assert str(error) == text


@pytest.mark.parametrize("error", [each[0] for each in ALL])
def test_error_survives_pickling(error: WardnetError) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
