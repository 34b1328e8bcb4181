"""Blocks and transactions between nodes: spreading, asking for what is missing, catching up."""

import pytest

from node.app.events import PeerConnected, PeerLost
from node.app.turn import Turn
from node.base import rlp
from node.consensus_poa.effects import BroadcastBlock
from node.p2p.messages import (
    BlockName,
    Bodies,
    Body,
    GetBodies,
    GetHeaders,
    GetTxs,
    Headers,
    NewBlock,
    NewBlockHashes,
    NewTxHashes,
    Status,
    Transactions,
    Txs,
)
from node.p2p.wire import decode
from node.workflows.requests import Submit
from tests.app.forging import child, extend, hash_of, on, take, whole
from tests.app.ward import (
    HOSPITALS,
    SECOND,
    SENDER,
    Ward,
    fingerprint,
    founded,
    lone,
    transaction,
)

ONE, TWO, THREE, FOUR = HOSPITALS


def sent(ward, n=0, kind=object):
    """Give the messages that a core has sent, with whom they are for."""
    messages = [(peer, decode(payload)) for source, peer, payload in ward.sent if source == n]
    return [(peer, message) for peer, message in messages if isinstance(message, kind)]


def asked(ward, n=0):
    """Give the newest question of a core, and whom it asks."""
    return sent(ward, n, GetHeaders | GetBodies | GetTxs)[-1]


def behind(blocks):
    """Give two cores, core 0 so many blocks ahead of core 1."""
    ward = lone(validators=3, running=2, pause=False)
    ward.part(0, 1)
    extend(ward, [(TWO, THREE)[k % 2] for k in range(blocks)], raws=())
    ward.settle()
    ward.cut.clear()
    ward.frames.clear()
    return ward


# -- spreading


def test_a_taken_block_goes_to_the_peers_that_lack_it():
    ward = lone(validators=4, pause=False)
    block = child(ward.cores[0], TWO)
    take(ward, block, source=TWO)
    told = {peer for peer, _ in sent(ward, kind=NewBlock | NewBlockHashes)}
    assert told == {THREE.address, FOUR.address}


def test_a_block_travels_with_its_total_difficulty():
    ward = Ward(founded(1), 1)
    ward.introduce(TWO)
    ward.grow(2)
    scores = [int.from_bytes(message.score) for _, message in sent(ward, kind=NewBlock)]
    assert scores == [1 + 2, 1 + 2 + 2]


def test_a_submitted_transaction_reaches_all_pools():
    ward = Ward(founded(4), 4)
    ward.pause()
    raw = transaction()
    ward.ask(2, Submit(raw))
    ward.sleep(2)  # whoever got only the name asks for the rest
    assert [[one.raw for one in core.chain.pool.candidates()] for core in ward.cores] == [[raw]] * 4


def test_a_submitted_transaction_stands_in_a_block_of_every_node():
    ward = Ward(founded(4), 4)
    call = ward.ask(3, Submit(transaction()))
    ward.grow(3)
    ward.settle()
    places = {core.ledger.transaction_place(ward.answer(call)) for core in ward.cores}
    assert len(places) == 1
    assert None not in places


def test_a_transaction_of_a_peer_enters_the_pool():
    ward = lone()
    ward.say(TWO, 0, Transactions((transaction(),)))
    assert len(ward.cores[0].chain.pool) == 1


def test_a_transaction_that_the_pool_refuses_is_noted_with_its_sender():
    ward = lone()
    ward.say(TWO, 0, Transactions((transaction(chain_id=1),)))
    (told,) = ward.noted(0, "pool.tx_refused")
    assert told["peer"] == TWO.address
    assert "have 1 want 7331" in told["why"]
    assert len(ward.cores[0].chain.pool) == 0


def test_good_transactions_beside_a_refused_one_are_taken():
    ward = lone()
    ward.say(TWO, 0, Transactions((b"\xc0", transaction(), transaction(chain_id=1))))
    assert len(ward.cores[0].chain.pool) == 1
    assert len(ward.noted(0, "pool.tx_refused")) == 2


def test_a_refused_transaction_is_not_passed_on():
    ward = lone(validators=3)
    ward.say(TWO, 0, Transactions((transaction(chain_id=1),)))
    assert sent(ward, kind=Transactions | NewTxHashes) == []


def test_a_transaction_is_passed_on_to_those_who_lack_it():
    ward = lone(validators=3)
    ward.say(TWO, 0, Transactions((transaction(),)))
    assert [peer for peer, _ in sent(ward, kind=Transactions | NewTxHashes)] == [THREE.address]


def test_a_transaction_that_stands_in_a_block_is_not_taken_from_a_peer_again():
    ward = lone()
    raw = transaction()
    extend(ward, (TWO,), raws=[raw])
    ward.say(TWO, 0, Transactions((raw,)))
    assert len(ward.cores[0].chain.pool) == 0
    assert ward.noted(0, "pool.tx_refused") == []


# -- answering


def test_headers_are_given_to_who_asks():
    ward = lone()
    one, two = extend(ward, (ONE, TWO))
    ward.say(TWO, 0, GetHeaders(hash_of(two), 2, skip=0, reverse=True, rid=5))
    assert sent(ward)[-1] == (
        TWO.address,
        Headers((two.header.encode(), one.header.encode()), rid=5),
    )


def test_bodies_are_given_to_who_asks():
    ward = lone()
    (block,) = extend(ward, (TWO,), raws=[transaction()])
    ward.say(TWO, 0, GetBodies((hash_of(block),), rid=5))
    assert sent(ward)[-1] == (
        TWO.address,
        Bodies((Body(hash_of(block), block.transactions),), rid=5),
    )


def test_transactions_of_the_pool_are_given_to_who_asks():
    ward = lone()
    raw = transaction()
    name = ward.answer(ward.ask(0, Submit(raw)))
    ward.say(TWO, 0, GetTxs((name, b"\x01" * 32), rid=5))
    assert sent(ward)[-1] == (TWO.address, Txs((raw,), rid=5))


@pytest.mark.parametrize("origin", [2**64 - 1, b"\x01" * 32])
def test_a_question_about_an_unknown_block_gets_an_empty_answer(origin):
    ward = lone()
    ward.say(TWO, 0, GetHeaders(origin, 512, skip=2**16 - 1, reverse=False, rid=5))
    assert sent(ward)[-1] == (TWO.address, Headers((), rid=5))


# -- catching up


def test_a_missing_parent_is_asked_of_who_sent_the_block():
    ward = lone(validators=4)
    parent = child(ward.cores[0], TWO)
    take(ward, on(ward.cores[0], parent, THREE), source=FOUR)
    peer, question = asked(ward)
    assert (peer, question.origin) == (FOUR.address, hash_of(parent))


def test_an_orphan_is_linked_by_headers_and_bodies_of_its_sender():
    ward = lone(validators=3)
    core = ward.cores[0]
    parent = child(core, TWO, raws=[transaction()])
    orphan = on(ward.cores[0], parent, THREE)
    take(ward, orphan, source=THREE)
    _, question = asked(ward)
    ward.say(THREE, 0, Headers((parent.header.encode(),), rid=question.rid))
    _, question = asked(ward)
    assert question.hashes == (hash_of(parent),)
    ward.say(THREE, 0, Bodies((Body(hash_of(parent), parent.transactions),), rid=question.rid))
    assert core.ledger.head_hash == hash_of(orphan)


def test_a_node_that_was_cut_off_catches_up_with_the_next_block():
    ward = behind(20)
    take(ward, child(ward.cores[0], TWO), source=THREE)
    ward.pause()
    ward.sleep(1)  # whoever got only the name asks for the rest
    assert ward.height == 21
    assert ward.is_one_chain()


def test_transactions_are_fetched_with_the_blocks_that_hold_them():
    ward = lone(validators=3, running=2, pause=False)
    ward.part(0, 1)
    extend(ward, (TWO,), raws=[transaction()])
    extend(ward, (THREE,), raws=[transaction(nonce=1)], parent=ward.cores[0].ledger.head_hash)
    ward.settle()
    ward.cut.clear()
    take(ward, child(ward.cores[0], TWO), source=THREE)
    ward.pause()
    ward.sleep(1)
    assert ward.is_one_chain()
    assert ward.cores[1].ledger.state().get_nonce(SENDER.address) == 2


def test_a_late_joiner_starts_from_nothing_and_reaches_the_head():
    ward = lone(validators=3, pause=False)
    extend(ward, (TWO,), raws=[transaction()])
    extend(ward, (THREE, TWO) * 10, parent=ward.cores[0].ledger.head_hash)
    late = ward.join()
    take(ward, child(ward.cores[0], THREE), source=THREE)
    ward.pause()
    ward.sleep(1)
    assert ward.cores[late].ledger.head.number == 22
    assert ward.is_one_chain()
    assert ward.cores[late].ledger.state().get_nonce(SENDER.address) == 1


def test_headers_that_do_not_link_are_penalised_and_the_next_peer_is_asked():
    ward = lone(validators=4)
    parent = child(ward.cores[0], TWO)
    take(ward, on(ward.cores[0], parent, THREE), source=THREE)
    _, question = asked(ward)
    foreign = child(ward.cores[0], TWO, timestamp=parent.header.timestamp + 5)
    ward.say(THREE, 0, Headers((foreign.header.encode(),), rid=question.rid))
    (told,) = ward.noted(0, "p2p.peer_penalised")
    peer, again = asked(ward)
    assert (told["peer"], told["why"]) == (THREE.address, "headers that do not link")
    assert (peer != THREE.address, again.origin) == (True, hash_of(parent))


def test_a_body_that_does_not_fit_its_header_is_penalised_and_nothing_is_stored():
    ward = lone(validators=3)
    parent = child(ward.cores[0], TWO, raws=[transaction()])
    take(ward, on(ward.cores[0], parent, THREE), source=THREE)
    before = fingerprint(ward.cores[0])
    ward.say(THREE, 0, Headers((parent.header.encode(),), rid=asked(ward)[1].rid))
    body = Body(hash_of(parent), (transaction(nonce=1),))
    ward.say(THREE, 0, Bodies((body,), rid=asked(ward)[1].rid))
    assert ward.noted(0, "p2p.peer_penalised")[0]["why"] == "a body does not match its header"
    assert fingerprint(ward.cores[0]) == before


def test_when_no_peer_can_help_the_search_ends_with_a_note():
    ward = lone(validators=2)
    parent = child(ward.cores[0], ONE)
    take(ward, on(ward.cores[0], parent, TWO), source=TWO)
    ward.say(TWO, 0, Headers((), rid=asked(ward)[1].rid))
    assert ward.noted(0, "p2p.fetch.gave_up") == [
        {"block": hash_of(parent), "why": "no peer could help"}
    ]


def test_a_block_that_waited_for_its_time_still_finds_its_missing_parent():
    """Between parking and judging another block came, whose parent is known."""
    ward = lone(validators=3)
    genesis = ward.cores[0].ledger.genesis_hash
    parent = child(ward.cores[0], TWO)
    early = on(ward.cores[0], parent, THREE, timestamp=ward.now // SECOND + 10)
    ward.say(THREE, 0, whole(early))
    take(ward, child(ward.cores[0], ONE, parent=genesis), source=TWO)
    ward.sleep(10)
    peer, question = asked(ward)
    assert (peer, question.origin) == (THREE.address, hash_of(parent))


def test_an_announced_block_that_never_comes_whole_is_fetched():
    ward = behind(3)
    ward.pause()
    head = ward.cores[0].ledger.head
    ward.say(ONE, 1, NewBlockHashes((BlockName(head.number, head.hash()),)))
    ward.sleep(1)
    assert ward.is_one_chain()


# -- meeting


def test_a_peer_is_told_where_the_chain_stands():
    ward = behind(2)
    ward.meet(0, 1)
    (peer, status) = sent(ward, 0, Status)[-1]
    head = ward.cores[0].ledger.head
    assert peer == TWO.address
    assert (status.head, status.head_hash) == (2, head.hash())
    assert int.from_bytes(status.score) == ward.cores[0].ledger.total_difficulty(head.hash())


def test_what_was_sealed_before_anybody_was_connected_is_fetched_on_meeting():
    ward = behind(3)
    ward.meet(0, 1)
    ward.settle()
    assert ward.cores[1].ledger.head_hash == ward.cores[0].ledger.head_hash
    assert ward.cores[1].ledger.head.number == 3


def claim(ward, score, head_hash=b"\x07" * 32):
    """Let a peer claim a head that nobody knows; give what core 0 sends then."""
    before = len(ward.sent)
    ward.say(TWO, 0, Status(0, 9, head_hash, 0, score.to_bytes(32), 0))
    return [decode(payload) for _, _, payload in ward.sent[before:]]


@pytest.mark.parametrize(("less", "followed"), [(1, False), (0, True), (-1, True)])
def test_a_claim_is_followed_unless_it_is_of_less_than_the_own_chain(less, followed):
    ward = lone()
    extend(ward, (TWO, ONE))
    ledger = ward.cores[0].ledger
    own = ledger.total_difficulty(ledger.head_hash)
    (answer,) = claim(ward, own - less)
    if followed:
        assert answer.origin == b"\x07" * 32
    else:  # it may have asked where we stand
        assert (answer.head, answer.head_hash) == (ledger.head.number, ledger.head_hash)


def test_a_claim_of_a_head_that_is_known_is_not_followed():
    ward = lone()
    (block,) = extend(ward, (TWO,))
    assert claim(ward, 99, hash_of(block)) == []


def test_a_claim_that_no_header_proves_changes_nothing():
    ward = lone()
    before = fingerprint(ward.cores[0])
    (question,) = claim(ward, 99)
    ward.say(TWO, 0, Headers((), rid=question.rid))
    assert ward.noted(0, "p2p.fetch.gave_up")[0]["block"] == b"\x07" * 32
    assert fingerprint(ward.cores[0]) == before


# -- connections that end


def test_nothing_is_spread_to_a_peer_that_is_lost():
    ward = lone(validators=4, pause=False)
    ward.give(0, PeerLost(THREE.address))
    take(ward, child(ward.cores[0], TWO), source=TWO)
    assert {peer for peer, _ in sent(ward, kind=NewBlock | NewBlockHashes)} == {FOUR.address}


def test_a_peer_that_comes_back_hears_where_the_chain_stands():
    ward = lone(validators=4)
    ward.give(0, PeerLost(TWO.address))
    ward.give(0, PeerLost(THREE.address))
    ward.sent.clear()
    ward.give(0, PeerConnected(TWO.address))
    ((peer, status),) = sent(ward, kind=Status)
    assert (peer, status.validators_connected) == (TWO.address, 2)


def test_a_block_for_certain_peers_goes_to_them_whole_and_to_nobody_else():
    ward = lone(validators=4)
    block, turn = child(ward.cores[0], TWO), Turn(0)
    for listener in ward.cores[0].chain.on_block:
        listener(turn, BroadcastBlock(block, None, (TWO.address, FOUR.address)))
    frames = [(one.peer, decode(one.payload)) for one in turn.outcome().effects]
    assert [peer for peer, _ in frames] == [TWO.address, FOUR.address]
    assert all(message.header == block.header.encode() for _, message in frames)


def test_a_block_without_its_parent_can_be_sent_too():
    ward = lone(validators=4)
    orphan = on(ward.cores[0], child(ward.cores[0], TWO), THREE)
    turn = Turn(0)
    for listener in ward.cores[0].chain.on_block:
        listener(turn, BroadcastBlock(orphan, None, (TWO.address,)))
    (frame,) = turn.outcome().effects
    assert decode(frame.payload).score == rlp.encode_int(orphan.header.difficulty)
