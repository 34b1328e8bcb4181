import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.sim.checkers.consensus_messages import MessageReader, proposal_round
from tests.sim.checkers.forge import COMMIT, PREPARE, VERIFIER, Ibft1, Qbft
from tests.vectors_dir import vectors

READER = MessageReader(VERIFIER)
NET = Qbft()
OLD = Ibft1()
BLOCK = NET.block(NET.genesis, 0)


def read(message, engine="qbft"):
    return READER.read(engine, message if isinstance(message, bytes) else rlp.encode(message))


@pytest.mark.parametrize("kind", ["prepare", "commit"])
def test_votes_are_told_apart_by_their_shape(kind):
    found = read(getattr(NET, kind)(1, BLOCK, 3))
    assert (found.kind, found.height, found.round) == (kind, 1, 3)
    assert (found.value, found.author) == (NET.digest(BLOCK, 3), NET.members[1])


def test_a_frame_may_name_the_code():
    raw = bytes([PREPARE]) + rlp.encode(NET.prepare(1, BLOCK))
    assert read(raw).author == NET.members[1]
    assert read(bytes([COMMIT]) + rlp.encode(NET.prepare(1, BLOCK))) is None


def test_a_proposal_is_read_with_its_block_and_its_justification():
    changes = [NET.change(n, 1, 2, (0, BLOCK)) for n in range(3)]
    prepares = [NET.prepare(n, BLOCK) for n in range(3)]
    found = read(NET.proposal(2, BLOCK, 2, changes, prepares))
    assert (found.kind, found.value) == ("proposal", NET.digest(BLOCK, 2))
    assert (found.chain_hash, proposal_round(found)) == (BLOCK.hash(), 2)
    assert [one.prepared_round for one in found.changes] == [0, 0, 0]
    assert [one.author for one in found.prepares] == list(NET.members[:3])


def test_a_round_change_is_read_with_and_without_a_block():
    empty = read(NET.round_change(0, 1, 1))
    assert (empty.kind, empty.prepared_round, empty.block) == ("round change", None, None)
    full = read(NET.round_change(0, 1, 2, (1, BLOCK), [NET.prepare(3, BLOCK, 1)]))
    assert (full.prepared_round, full.value) == (1, NET.digest(BLOCK, 1))
    assert (full.chain_hash, len(full.prepares)) == (BLOCK.hash(), 1)


def test_the_long_form_with_an_access_list_is_read_too():
    change = NET.round_change(0, 1, 1)
    assert read([*change[:2], b"", change[2]]) is not None


@pytest.mark.parametrize(
    "kind", [("proposal", 0), ("prepare", 1), ("commit", 2), ("round_change", 3)]
)
def test_ibft1_messages_are_read_as_what_they_are(kind):
    name, _code = kind
    block = OLD.block(OLD.genesis, 0)
    make = getattr(OLD, name)
    found = read(make(1, 1, 4) if name == "round_change" else make(1, block, 4), "ibft1")
    assert (found.kind, found.height, found.round) == (name.replace("_", " "), 1, 4)
    assert found.author == OLD.members[1]
    assert (found.value == block.hash()) == (name != "round_change")


def test_an_ibft1_message_in_the_name_of_another_is_none():
    items = rlp.decode(OLD.prepare(1, OLD.block(OLD.genesis, 0)))
    items[2] = OLD.members[2]
    assert read(items, "ibft1") is None


def test_a_message_that_nobody_signed_is_none():
    payload, signature = NET.prepare(1, BLOCK)
    assert read([payload, signature[:-1] + b"\x07"]) is None


@given(st.binary(max_size=80))
def test_no_bytes_make_the_reader_fail(data):
    assert read(data) is None
    assert read(data, "ibft1") is None


LEAVES = st.binary(max_size=40)
TREES = st.recursive(LEAVES, lambda parts: st.lists(parts, max_size=5), max_leaves=12)


@given(TREES, st.sampled_from([b"", b"\x12", b"\x13", b"\x14", b"\x15"]))
def test_no_shape_makes_the_reader_fail(tree, code):
    assert read(code + rlp.encode(tree)) is None
    assert read(rlp.encode(tree), "ibft1") is None


@pytest.mark.conformance
def test_published_messages_have_a_shape_that_is_read():
    """Their signatures verify under no published rule, so only kind and numbers are compared."""
    cases = json.loads((vectors("consensus") / "qbft_messages.json").read_text())["vectors"]
    for case in cases:
        found = read(bytes.fromhex(case["rlp"][2:]))
        if found is not None:
            assert found.kind.replace(" ", "") == case["type"].lower()
