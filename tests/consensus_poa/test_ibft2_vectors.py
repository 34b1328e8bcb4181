"""IBFT 2.0's extraData against the published entries (consensus.md section 12)."""

import json
from typing import Any

import pytest

from node.base.errors import CodecError
from node.consensus_poa.ibft2_codec import Ibft2Extra
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance


def load() -> list[Any]:
    path = vectors("consensus") / "bft_extra_data.json"
    entries = [v for v in json.loads(path.read_text())["vectors"] if v["codec"] == "ibft2"]
    assert entries, f"{path} holds no IBFT 2.0 entries"
    return [pytest.param(entry, id=entry["id"]) for entry in entries]


@pytest.mark.parametrize("vector", load())
def test_published_extra_data_is_read_and_written(vector: Any) -> None:
    data = bytes.fromhex(vector["rlp"][2:])
    if vector.get("expect_error"):
        with pytest.raises(CodecError):
            Ibft2Extra.decode(data)
        return
    extra, expect = Ibft2Extra.decode(data), vector["decoded"]
    assert f"0x{extra.vanity.hex()}" == expect["vanity"]
    assert [f"0x{a.hex()}" for a in extra.validators] == expect["validators"]
    vote = extra.vote and {"recipient": f"0x{extra.vote.recipient.hex()}", "add": extra.vote.add}
    assert vote == expect["vote"]
    assert extra.round == expect["round"]
    assert [f"0x{seal.hex()}" for seal in extra.seals] == expect["committedSeals"]
    assert extra.encode() == data
