"""QBFT against published headers, messages and extraData (consensus.md section 12)."""

import json
from typing import Any

import pytest

from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header
from node.base.types import Address
from node.consensus_poa.qbft.header import QbftExtra, QbftForm, Vote, commit_digest
from node.consensus_poa.qbft.messages import (
    COMMIT,
    PREPARE,
    PROPOSAL,
    ROUND_CHANGE,
    Commit,
    Prepare,
    Proposal,
    RoundChange,
    SignedRoundChange,
    decode,
)
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.qbft.rules import check_seals, check_set, check_shape, committers
from node.consensus_poa.quorum import quorum
from tests.consensus_poa.chains import VERIFIER
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
FOLDER = vectors("consensus")
NEVER = 2**63


def load(name: str) -> list[Any]:
    path = FOLDER / f"{name}.json"
    found: list[Any] = json.loads(path.read_text())["vectors"]
    assert found, f"{path} holds no vectors"
    return [pytest.param(vector, id=vector["id"]) for vector in found]


def data(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


# -- headers ----------------------------------------------------------------------------------

HEADERS = load("qbft_headers")


def header_of(vector: Any) -> tuple[Header, QbftExtra]:
    header = Header.decode(data(vector["header_rlp"]))
    return header, QbftExtra.decode(header.extra_data)


def options_for(header: Header) -> QbftOptions:
    """Give options under which a header has the fields that it has."""
    return QbftOptions(
        validators_from="header",
        london_block=NEVER if header.base_fee is None else 0,
        cancun_block=NEVER if header.parent_beacon_root is None else 0,
    )


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_header_survives_its_codec(vector: Any) -> None:
    header, extra = header_of(vector)
    fields = vector["header"]
    assert header.encode() == data(vector["header_rlp"])
    assert extra.encode() == header.extra_data == data(fields["extraData"])
    assert (header.number, header.timestamp) == (fields["number"], fields["timestamp"])
    assert header.coinbase == data(fields["miner"])


@pytest.mark.parametrize("vector", HEADERS)
def test_published_seals_sign_the_published_hash(vector: Any) -> None:
    header, extra = header_of(vector)
    expect = vector["expect"]
    assert hexed(commit_digest(header, extra, extra.round)) == expect["commitSealHash"]
    found = committers(header, extra, VERIFIER)
    assert [None if a is None else hexed(a) for a in found] == expect["committers"]


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_header_names_round_and_validators(vector: Any) -> None:
    _, extra = header_of(vector)
    expect = vector["expect"]
    assert [hexed(a) for a in extra.validators] == expect["validators"]
    assert extra.round == expect["round"]
    assert quorum(len(extra.validators)) == expect["quorum"]


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_header_breaks_no_rule(vector: Any) -> None:
    header, extra = header_of(vector)
    options = options_for(header)
    assert check_shape(header, options) is None
    assert check_set(header, extra, extra.validators, options) is None
    assert check_seals(header, extra, extra.validators, VERIFIER) is None


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_header_parts_and_joins(vector: Any) -> None:
    header, _ = header_of(vector)
    form = QbftForm()
    canonical, certificate = form.split(header)
    assert form.join(canonical, certificate) == header
    assert form.split(canonical) == (canonical, None)


@pytest.mark.parametrize("vector", [v for v in HEADERS if "computed_unconfirmed" in v.values[0]])
def test_the_block_hash_is_that_of_the_canonical_header_by_formula(vector: Any) -> None:
    """The source publishes no such hash: this compares two readings of one formula."""
    header, _ = header_of(vector)
    canonical, _ = QbftForm().split(header)
    assert hexed(canonical.hash()) == vector["computed_unconfirmed"]["blockHash_onchain"]


# -- messages ---------------------------------------------------------------------------------

MESSAGES = load("qbft_messages")
CODES = {Proposal: PROPOSAL, Prepare: PREPARE, Commit: COMMIT, RoundChange: ROUND_CHANGE}


@pytest.mark.parametrize("vector", MESSAGES)
def test_a_published_message_decodes_and_encodes_to_its_bytes(vector: Any) -> None:
    raw = data(vector["rlp"])
    message = decode(raw)
    assert CODES[type(message)] == int(vector["typeCode"], 16)
    assert message.encode() == raw


@pytest.mark.parametrize("vector", MESSAGES)
def test_a_published_message_has_its_published_fields(vector: Any) -> None:
    message, fields = decode(data(vector["rlp"])), vector["message"]
    match message:
        case Prepare():
            assert fields_of_prepare(message) == flat(fields)
        case Commit():
            want = fields["unsignedCommit"]
            seal = want.get("commitSeal", want.get("seal"))
            assert (message.height, message.round) == (want["sequence"], want["round"])
            assert message.digest == data(want["digest"])
            assert seal is None or message.seal == data(seal)
            assert message.signature == data(fields["signature"])
        case RoundChange():
            assert fields_of_change(message.signed) == flat(fields["signedRoundChange"])
            check_block(message.block, fields.get("block"))
            assert [fields_of_prepare(p) for p in message.prepares] == [
                flat(p) for p in fields["prepares"]
            ]
        case Proposal():
            signed = fields["signedProposal"]
            want = signed["unsignedProposal"]
            assert (message.height, message.round) == (want["sequence"], want["round"])
            assert message.signature == data(signed["signature"])
            check_block(message.block, want["block"])
            assert [fields_of_change(c) for c in message.round_changes] == [
                flat(c) for c in fields["roundChanges"]
            ]
            assert [fields_of_prepare(p) for p in message.prepares] == [
                flat(p) for p in fields["prepares"]
            ]


def flat(fields: Any) -> dict[str, Any]:
    """Give a published payload with its signature, hex as bytes, without empty values."""
    inner = next(value for key, value in fields.items() if key.startswith("unsigned"))
    found = {**inner, "signature": fields["signature"]}
    return {
        key: data(value) if isinstance(value, str) else value
        for key, value in found.items()
        if value is not None
    }


def fields_of_prepare(message: Prepare) -> dict[str, Any]:
    return {
        "sequence": message.height,
        "round": message.round,
        "digest": message.digest,
        "signature": message.signature,
    }


def fields_of_change(change: SignedRoundChange) -> dict[str, Any]:
    found: dict[str, Any] = {
        "sequence": change.height,
        "round": change.round,
        "signature": change.signature,
    }
    if change.prepared is not None:
        found |= {"preparedRound": change.prepared[0], "preparedValue": change.prepared[1]}
    return found


def check_block(block: Block | None, want: str | None) -> None:
    assert (None if block is None else block.encode()) == (None if want is None else data(want))


# -- extraData --------------------------------------------------------------------------------

EXTRAS = [v for v in load("bft_extra_data") if v.values[0]["codec"] == "qbft"]


@pytest.mark.parametrize("vector", EXTRAS)
def test_published_extra_data_decodes_encodes_or_is_refused(vector: Any) -> None:
    raw = data(vector["rlp"])
    if vector.get("expect_error"):
        with pytest.raises(CodecError):
            QbftExtra.decode(raw)
        return
    want = vector["decoded"]
    vote = want["vote"]
    extra = QbftExtra(
        data(want["vanity"]),
        tuple(Address(data(a)) for a in want["validators"]),
        None if vote is None else Vote(Address(data(vote["recipient"])), vote["add"]),
        want["round"],
        tuple(data(seal) for seal in want["committedSeals"]),
    )
    assert QbftExtra.decode(raw) == extra
    assert extra.encode() == raw
