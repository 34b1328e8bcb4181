"""Each step S1 to S7 of the voting rule, by the case that shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import CodecError
from node.base.types import Address, Hash32
from node.consensus_poa.clique.snapshot import (
    NONCE_ADD,
    NONCE_DROP,
    Refused,
    Snapshot,
    Tally,
    Vote,
    decode_snapshot,
    encode_snapshot,
    genesis_snapshot,
)

EPOCH = 30_000
A, B, C, D, E, F, NEW = (Address(bytes([i]) * 20) for i in range(1, 8))
NOBODY = Address(bytes(20))


def after(
    snapshot: Snapshot, *steps: tuple[Address, Address, bool], epoch: int = EPOCH
) -> Snapshot:
    """Apply blocks of (signer, target, authorize); each must be accepted."""
    for signer, target, authorize in steps:
        nonce = NONCE_ADD if authorize else NONCE_DROP
        found = snapshot.apply(signer, target, nonce, epoch=epoch)
        assert isinstance(found, Snapshot), found
        snapshot = found
    return snapshot


def of(*signers: Address) -> Snapshot:
    return genesis_snapshot(0, signers)


def refused(snapshot: Snapshot, signer: Address) -> str | None:
    found = snapshot.apply(signer, NOBODY, NONCE_DROP, epoch=EPOCH)
    return found.error if isinstance(found, Refused) else None


QUIET = (NOBODY, False)


def test_genesis_sorts_its_signers() -> None:
    assert of(C, A, B).signers == (A, B, C)


@pytest.mark.parametrize(("count", "limit"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4)])
def test_the_limit_is_half_the_set_rounded_down_plus_one(count: int, limit: int) -> None:
    assert of(*(A, B, C, D, E, F)[:count]).limit == limit


def test_an_epoch_clears_votes_for_admission_and_removal() -> None:
    state = after(of(A, B, C, D), (A, NEW, True), (B, D, False), epoch=3)
    assert len(state.votes) == 2
    state = after(state, (C, *QUIET), epoch=3)
    assert (state.votes, state.tally) == ((), {})


def test_an_epoch_keeps_the_recent_signers() -> None:
    """Rinkeby split in 2018 over this."""
    state = after(of(A, B, C, D), (A, *QUIET), (B, *QUIET), (C, *QUIET), epoch=3)
    found = state.apply(B, NOBODY, NONCE_DROP, epoch=3)
    assert found == Refused("recently_signed")


def test_a_stranger_is_refused() -> None:
    assert refused(of(A), B) == "unauthorized_signer"


def test_a_signer_waits_until_the_limit_has_passed() -> None:
    state = after(of(A, B, C, D), (A, *QUIET))
    assert refused(state, A) == "recently_signed"
    state = after(state, (B, *QUIET))
    assert refused(state, A) == "recently_signed"
    state = after(state, (C, *QUIET))
    assert refused(state, A) is None


def test_refusal_and_eligibility_are_one_rule() -> None:
    state = of(A, B, C, D, E)
    for signer in (A, B, C, D, E, A, B):
        number = state.number + 1
        for other in (A, B, C, D, E, NEW):
            assert state.may_seal(number, other) == (refused(state, other) is None)
        state = after(state, (signer, *QUIET))


def test_an_odd_nonce_is_no_vote() -> None:
    assert of(A).apply(A, B, b"\x01" * 8, epoch=EPOCH) == Refused("invalid_vote")


def test_a_vote_needs_more_than_half_of_the_signers() -> None:
    state = after(of(A, B, C, D), (A, NEW, True), (B, NEW, True))
    assert not state.is_signer(NEW)
    assert after(state, (C, NEW, True)).is_signer(NEW)


def test_a_second_vote_of_one_signer_counts_once() -> None:
    state = after(of(A, B), (A, NEW, True), (B, *QUIET), (A, NEW, True))
    assert state.tally[NEW] == Tally(authorize=True, votes=1)
    assert not state.is_signer(NEW)


def test_a_changed_mind_lowers_the_tally() -> None:
    state = after(of(A, B, C), (A, NEW, True), (B, *QUIET), (A, NEW, False))
    assert (state.votes, dict(state.tally)) == ((), {})


def test_votes_that_could_change_nothing_are_not_cast() -> None:
    state = after(of(A, B, C), (A, B, True), (B, NEW, False))
    assert (state.votes, dict(state.tally)) == ((), {})


def test_removal_drops_the_votes_by_the_removed_signer() -> None:
    state = after(of(A, B, C), (C, NEW, True), (A, C, False), (B, C, False))
    assert state.signers == (A, B)
    assert (state.votes, dict(state.tally)) == ((), {})


def test_removal_lowers_but_keeps_tallies_that_others_feed() -> None:
    state = after(of(A, B, C, D, E), (E, NEW, True), (A, NEW, True), (B, E, False))
    state = after(state, (C, E, False), (D, E, False))
    assert state.signers == (A, B, C, D)
    assert state.votes == (Vote(A, NEW, authorize=True),)
    assert state.tally == {NEW: Tally(authorize=True, votes=1)}


def test_a_decision_ends_all_votes_about_its_target() -> None:
    state = after(of(A, B), (A, NEW, True), (B, NEW, True))
    assert state.is_signer(NEW)
    assert (state.votes, dict(state.tally)) == ((), {})


def test_a_shrink_drops_one_recent_signer_and_no_more() -> None:
    """N 4 -> 3: the limit falls from 3 to 2, so of two recent signers one may go on."""
    state = after(of(A, B, C, D), (A, D, False), (B, D, False), (C, D, False))
    assert state.signers == (A, B, C)
    assert dict(state.recents) == {2: B, 3: C}
    assert refused(state, C) == "recently_signed"
    assert refused(state, B) is None


def test_a_shrink_to_an_even_set_leaves_the_limit_and_frees_the_right_one() -> None:
    state = after(of(A, B, C), (A, C, False), (B, C, False))
    assert state.limit == 2
    assert refused(state, B) == "recently_signed"
    assert refused(state, A) is None


def test_after_a_shrink_an_old_vote_passes_when_its_target_is_touched() -> None:
    """Two of four want NEW; three are left then, and two suffice: on touch, not before."""
    state = after(of(A, B, C, D), (A, NEW, True), (B, NEW, True), (C, D, False))
    state = after(state, (A, D, False), (B, D, False))
    assert state.signers == (A, B, C)
    assert state.tally[NEW].votes == 2
    assert after(state, (C, NEW, False)).is_signer(NEW)
    assert not after(state, (C, *QUIET)).is_signer(NEW)


def test_a_lone_signer_may_drop_itself_and_ends_the_chain() -> None:
    state = after(of(A), (A, A, False))
    assert state.signers == ()
    assert refused(state, A) == "unauthorized_signer"


def test_the_turn_follows_the_ascending_set() -> None:
    state = of(C, A, B)
    assert [state.is_in_turn(4, s) for s in (A, B, C)] == [False, True, False]
    assert [state.turn_distance(4, s) for s in (A, B, C)] == [1, 0, 2]


def test_apply_leaves_its_snapshot_alone() -> None:
    state = after(of(A, B, C), (A, NEW, True))
    kept = encode_snapshot(Hash32(bytes(32)), state)
    after(state, (B, NEW, True))
    assert encode_snapshot(Hash32(bytes(32)), state) == kept


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans()), max_size=30),
    st.integers(2, 9),
)
def test_votes_and_tally_always_agree_and_stored_snapshots_come_back(
    count: int, steps: list[tuple[int, int, bool]], epoch: int
) -> None:
    people = (A, B, C, D, E, F, NEW)
    state = of(*people[:count])
    for signer, target, authorize in steps:
        nonce = NONCE_ADD if authorize else NONCE_DROP
        found = state.apply(people[signer], people[target], nonce, epoch=epoch)
        if isinstance(found, Refused):
            continue
        assert len(set(state.signers) ^ set(found.signers)) <= 1
        state = found
        counted: dict[Address, int] = {}
        for vote in state.votes:
            counted[vote.target] = counted.get(vote.target, 0) + 1
            assert state.tally[vote.target].authorize == vote.authorize
            assert state.is_meaningful(vote.target, authorize=vote.authorize)
            assert state.is_signer(vote.signer)
        assert {target: tally.votes for target, tally in state.tally.items()} == counted
        assert len({(vote.signer, vote.target) for vote in state.votes}) == len(state.votes)
        assert all(state.number - seen < state.limit for seen in state.recents)
        block_hash = Hash32(bytes(32))
        assert decode_snapshot(encode_snapshot(block_hash, state)) == (block_hash, state)


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x90", b"\x93\x01\x02\x03"])
def test_bytes_that_are_no_snapshot_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode_snapshot(data)
