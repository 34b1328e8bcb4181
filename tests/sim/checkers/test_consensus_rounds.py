from node.sim.checkers.consensus_rounds import Rounds
from node.sim.checkers.consensus_votes import VoteLog
from tests.sim.checkers.forge import Ibft1, Qbft, head, sent, stored, told, turned


def rounds(net):
    return Rounds(VoteLog(net.observed))


def voted(net, kind, by, block, round_=0):
    for n in by:
        yield sent(n, getattr(net, kind)(n, block, round_), net.engine)


def test_an_honest_height_breaks_no_rule():
    """Round 0 fails after two commits, round 1 carries its value on."""
    net = Qbft()
    block = net.block(net.genesis, 0)
    prepares = [net.prepare(n, block) for n in range(3)]
    changes = [net.change(n, 1, 1, (0, block) if n < 3 else None) for n in range(1, 4)]
    facts = (
        sent(0, net.proposal(0, block)),
        *voted(net, "prepare", (0, 1, 2), block),
        *voted(net, "commit", (1, 2), block),
        *(sent(n, net.round_change(n, 1, 1, (0, block), prepares)) for n in (1, 2)),
        sent(3, net.round_change(3, 1, 1)),
        sent(1, net.proposal(1, block, 1, changes, prepares)),
        *voted(net, "prepare", (1, 2, 3), block, 1),
        *voted(net, "commit", (1, 2, 3), block, 1),
        stored(1, block, net.certificate(block, (1, 2, 3), 1)),
    )
    assert told(rounds(net), *facts) is None


def test_an_honest_prepare_against_a_lock_is_found():
    net = Qbft()
    locked, other = net.block(net.genesis, 0), net.block(net.genesis, 1)
    changes = [net.change(n, 1, 1) for n in (1, 2, 3)]
    facts = (
        sent(0, net.proposal(0, locked)),
        *voted(net, "commit", (0, 1), locked),
        sent(1, net.proposal(1, other, 1, changes)),
        *voted(net, "prepare", (3,), other, 1),
    )
    fault = told(rounds(net), *facts)
    assert fault == (
        f"h3 prepared 0x{other.hash().hex()[:8]} in round 1 of height 1, although 2 honest "
        f"validators had committed to 0x{locked.hash().hex()[:8]} in round 0"
    )


def test_one_commit_or_commits_of_byzantine_nodes_lock_nobody():
    net = Qbft()
    locked, other = net.block(net.genesis, 0), net.block(net.genesis, 1)
    changes = [net.change(n, 1, 1) for n in (1, 2, 3)]
    facts = (
        turned(0, "byzantine"),
        sent(0, net.proposal(0, locked)),
        *voted(net, "commit", (0, 1), locked),
        sent(1, net.proposal(1, other, 1, changes)),
        *voted(net, "prepare", (3,), other, 1),
    )
    assert told(rounds(net), *facts) is None


def test_an_honest_prepare_for_an_unjustified_proposal_is_found():
    net = Qbft()
    block = net.block(net.genesis, 1)
    changes = [net.change(n, 1, 1) for n in (1, 2)]
    facts = (sent(1, net.proposal(1, block, 1, changes)), *voted(net, "prepare", (2,), block, 1))
    fault = told(rounds(net), *facts)
    assert fault.startswith("h2 prepared block 1 0x")
    assert fault.endswith("it carries round changes of 2 validators, a quorum is 3")


def test_a_prepare_for_what_nobody_proposed_is_found():
    net = Qbft()
    block = net.block(net.genesis, 0)
    assert "which nobody proposed there" in told(rounds(net), *voted(net, "prepare", (2,), block))


def test_a_proposal_on_an_unknown_parent_is_not_justified():
    net = Qbft()
    block = net.block(net.block(net.genesis, 0), 1)
    facts = (sent(1, net.proposal(1, block)), *voted(net, "prepare", (2,), block))
    assert "was never shown" in told(rounds(net), *facts)


def test_a_round_that_falls_within_a_height_is_found():
    net = Qbft()
    facts = (sent(2, net.round_change(2, 1, 3)), sent(2, net.round_change(2, 1, 2)))
    assert told(rounds(net), *facts) == (
        "h2 sent round change of round 2 at height 1 after it was in round 3"
    )


def test_old_bytes_again_a_new_height_and_relayed_messages_are_no_falling_round():
    net = Qbft()
    early = net.round_change(2, 1, 2)
    facts = (
        sent(2, early),
        sent(2, net.round_change(2, 1, 3)),
        sent(2, early),
        sent(3, net.round_change(2, 1, 1)),
        sent(2, net.round_change(2, 2, 1)),
    )
    assert told(rounds(net), *facts) is None


def test_a_block_that_nobody_proposed_is_found_when_it_is_taken():
    net = Qbft()
    block, other = net.block(net.genesis, 0), net.block(net.genesis, 0, vanity=1)
    facts = (sent(0, net.proposal(0, block)), stored(3, other))
    assert told(rounds(net), *facts).startswith("h3 took block 1 0x")


def test_a_lock_is_kept_in_ibft1_too():
    net = Ibft1()
    locked, other = net.block(net.genesis, 0), net.block(net.genesis, 1)
    facts = (
        sent(0, net.proposal(0, locked), net.engine),
        *voted(net, "commit", (0, 1), locked),
        *voted(net, "prepare", (3,), other, 1),
    )
    assert "h3 prepared" in told(rounds(net), *facts)


def test_heights_that_the_log_forgot_are_forgotten():
    net = Qbft(1)
    log = VoteLog(net.observed)
    checker = Rounds(log)
    parent = net.genesis
    for _ in range(40):
        block = net.block(parent, 0)
        facts = (
            sent(0, net.proposal(0, block)),
            *voted(net, "prepare", (0,), block),
            *voted(net, "commit", (0,), block),
        )
        assert told(checker, *facts, stored(0, block)) is None
        log.observe(head(0, block))
        log.observe(head(0, block))
        parent = block
    assert len(checker._heard) < 20
