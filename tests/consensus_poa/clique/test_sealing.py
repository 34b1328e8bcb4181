"""When a validator seals, what it asks to be built, and what it never signs."""

from dataclasses import replace

import pytest

from node.base.block import Block
from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.limits import PROPOSALS_COUNT_MAX
from node.base.types import ZERO_ADDRESS, Address
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.snapshot import NONCE_ADD, NONCE_DROP
from node.consensus_poa.effects import (
    AppendWal,
    BroadcastBlock,
    BuildBlock,
    CancelTimer,
    Effect,
    ImportBlock,
    ReportEvidence,
    ScheduleTimer,
    SetHead,
    Trace,
    ValidateBlock,
)
from node.consensus_poa.events import (
    BlockBuilt,
    BlockReceived,
    BlockValidated,
    DiscardValidatorVote,
    NewChainHead,
    PauseSealing,
    ProposeValidatorVote,
    ResumeSealing,
    Start,
    TimerExpired,
    TimerId,
    TimerKind,
    TransactionsWaiting,
)
from node.consensus_poa.extra_data import checkpoint_signers
from node.consensus_poa.header import recover_signer
from node.consensus_poa.wal import WalEntry
from tests.consensus_poa.chains import (
    GENESIS_TIME,
    VERIFIER,
    Forge,
    ascending,
    block,
    key,
    of_type,
    rules,
)
from tests.consensus_poa.cluster import TRANSACTION, build

KEYS = ascending(4)
NOW = (GENESIS_TIME + 1) * 10**6
TURN = (GENESIS_TIME + 5) * 10**6
NEW = Address(b"\x42" * 20)


class Bench:
    """A validator's engine at the head of a chain of ``height`` in-turn blocks."""

    def __init__(self, index: int, height: int = 0, **options: object) -> None:
        self.options = CliqueOptions(**{"period": 5, "epoch": 10, **options})  # type: ignore[arg-type]
        self.forge = Forge(KEYS, self.options)
        self.head = self.forge.genesis
        for number in range(1, height + 1):
            self.head = self.forge.extend(self.head, KEYS[number % 4])
        self.forge.chain.head = self.head.hash()
        self.key = KEYS[index]
        self.engine: CliqueEngine = self.forge.engine(self.key)
        self.now = NOW + height * 5 * 10**6

    def start(self, *wal: bytes) -> tuple[Effect, ...]:
        return self.engine.handle(Start(self.head, wal), self.now)

    def armed(self, effects: tuple[Effect, ...]) -> ScheduleTimer:
        (timer,) = of_type(effects, ScheduleTimer)
        assert isinstance(timer, ScheduleTimer)
        return timer

    def request(self, effects: tuple[Effect, ...]) -> BuildBlock:
        """Let the armed turn come and give what is asked for."""
        timer = self.armed(effects)
        self.now = timer.at
        (asked,) = of_type(self.engine.handle(TimerExpired(timer.timer), self.now), BuildBlock)
        assert isinstance(asked, BuildBlock)
        return asked

    def answer(
        self, asked: BuildBlock, transactions: tuple[bytes, ...] = (), **fields: object
    ) -> tuple[Effect, ...]:
        built = build(self.head, asked, transactions)
        header = replace(built.header, **fields)  # type: ignore[arg-type]
        return self.engine.handle(BlockBuilt(asked.request, Block(header, transactions)), self.now)


def abstains(effects: tuple[Effect, ...]) -> str | None:
    found = [e for e in effects if isinstance(e, Trace) and e.rule == "Clique.Abstained"]
    return str(dict(found[0].data)["reason"]) if found else None


# -- when -------------------------------------------------------------------------------------


def test_in_turn_the_block_is_due_one_period_after_its_parent() -> None:
    bench = Bench(1)
    assert bench.armed(bench.start()) == ScheduleTimer(TimerId(TimerKind.BLOCK, 1), TURN)


def test_on_an_old_head_the_block_is_due_now() -> None:
    bench = Bench(1)
    bench.now = TURN + 77_500_000
    effects = bench.start()
    assert bench.armed(effects).at == TURN + 77_000_000
    assert bench.request(effects).timestamp == GENESIS_TIME + 5 + 77


class Draw:
    """Entropy that gives the largest value and remembers the bound."""

    def __init__(self) -> None:
        self.bounds: list[int] = []

    def below(self, bound: int) -> int:
        self.bounds.append(bound)
        return bound - 1

    def take(self, count: int) -> bytes:
        raise AssertionError(count)


@pytest.mark.parametrize(("wiggle", "spread_us"), [("geth", 1_500_000), ("eip", 2_000_000)])
def test_out_of_turn_the_block_waits_a_random_while(wiggle: str, spread_us: int) -> None:
    bench = Bench(2, wiggle=wiggle, out_of_turn_min_delay_us=250_000)
    draw = Draw()
    bench.engine._capabilities = replace(bench.engine._capabilities, entropy=draw)
    bench.engine._wire(bench.engine._state)
    timer = bench.armed(bench.start())
    assert draw.bounds == [spread_us]
    assert timer == ScheduleTimer(TimerId(TimerKind.WIGGLE, 1), TURN + 250_000 + spread_us - 1)


def test_the_out_of_turn_block_keeps_the_time_at_which_its_turn_began() -> None:
    bench = Bench(2)
    assert bench.request(bench.start()).timestamp == GENESIS_TIME + 5


@pytest.mark.parametrize("index", range(4))
def test_turn_and_difficulty_follow_number_mod_n(index: int) -> None:
    bench = Bench(index, height=4)
    effects = bench.start()
    if index in (0, 3):  # sealed 4 and 3: the limit is 3
        assert abstains(effects) == "recently_signed"
        return
    in_turn = index == 5 % 4
    assert bench.armed(effects).timer.kind is (TimerKind.BLOCK if in_turn else TimerKind.WIGGLE)
    assert bench.request(effects).difficulty == (2 if in_turn else 1)


def test_a_stranger_abstains() -> None:
    bench = Bench(0)
    bench.engine = bench.forge.engine(key("stranger"))
    assert abstains(bench.start()) == "not_a_signer"


def test_a_head_that_the_chain_does_not_know_is_not_sealed_on() -> None:
    bench = Bench(1)
    bench.head = bench.forge.seal(bench.head, KEYS[1])
    assert abstains(bench.start()) == "no_snapshot"


def test_a_paused_validator_seals_nothing_until_it_resumes() -> None:
    bench = Bench(1)
    bench.start()
    effects = bench.engine.handle(PauseSealing(), bench.now)
    assert of_type(effects, CancelTimer) == [CancelTimer(TimerId(TimerKind.BLOCK, 1))]
    assert abstains(bench.engine.handle(NewChainHead(bench.head), bench.now)) == "paused"
    effects = bench.engine.handle(ResumeSealing(), bench.now)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 1)


def test_pausing_and_resuming_twice_changes_nothing() -> None:
    bench = Bench(1)
    bench.start()
    assert bench.engine.handle(ResumeSealing(), bench.now) == ()
    bench.engine.handle(PauseSealing(), bench.now)
    assert bench.engine.handle(PauseSealing(), bench.now) == ()


def test_a_build_that_comes_back_after_a_pause_is_not_sealed() -> None:
    bench = Bench(1)
    asked = bench.request(bench.start())
    bench.engine.handle(PauseSealing(), bench.now)
    assert rules(bench.answer(asked)) == ["Clique.Ignored"]


def test_a_new_head_moves_the_turn() -> None:
    bench = Bench(2)
    bench.start()
    header = bench.forge.seal(bench.head, KEYS[1])
    bench.engine.handle(BlockReceived(block(header), None, None), bench.now + 10**7)
    effects = bench.engine.handle(BlockValidated(header.hash(), None), bench.now + 10**7)
    assert of_type(effects, CancelTimer) == [CancelTimer(TimerId(TimerKind.WIGGLE, 1))]
    assert of_type(effects, ScheduleTimer) == []
    bench.forge.chain.add(header)
    effects = bench.engine.handle(NewChainHead(header), bench.now + 10**7)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 2)


def test_the_same_head_told_twice_draws_no_new_wiggle() -> None:
    bench = Bench(2)
    bench.start()
    effects = bench.engine.handle(NewChainHead(bench.head), bench.now)
    assert of_type(effects, ScheduleTimer) == []


# -- what -------------------------------------------------------------------------------------


def test_the_request_names_every_field_that_clique_decides() -> None:
    bench = Bench(1)
    asked = bench.request(bench.start())
    assert asked == BuildBlock(
        request=1,
        parent=bench.head.hash(),
        timestamp=GENESIS_TIME + 5,
        extra_data=bytes(97),
        coinbase=ZERO_ADDRESS,
        nonce=bytes(8),
        difficulty=2,
        mix_hash=bytes(32),  # type: ignore[arg-type]
    )


def test_a_checkpoint_lists_the_signers_and_casts_no_vote() -> None:
    bench = Bench(2, height=9)
    bench.start()
    effects = bench.engine.handle(ProposeValidatorVote(NEW, authorize=True), bench.now)
    timer = TimerExpired(TimerId(TimerKind.BLOCK, 10))
    effects = bench.engine.handle(timer, TURN + 45 * 10**6)
    (asked,) = of_type(effects, BuildBlock)
    assert isinstance(asked, BuildBlock)
    assert checkpoint_signers(asked.extra_data) == tuple(k.address for k in KEYS)
    assert (asked.coinbase, asked.nonce) == (ZERO_ADDRESS, NONCE_DROP)


def test_a_built_block_is_logged_sealed_imported_and_sent_in_this_order() -> None:
    bench = Bench(1)
    effects = bench.answer(bench.request(bench.start()))
    kinds = [type(e).__name__ for e in effects if not isinstance(e, Trace)]
    assert kinds == ["AppendWal", "ImportBlock", "SetHead", "BroadcastBlock"]


def test_a_sealed_block_passes_everybody_elses_check() -> None:
    bench = Bench(1)
    (sent,) = of_type(bench.answer(bench.request(bench.start())), BroadcastBlock)
    assert isinstance(sent, BroadcastBlock)
    assert bench.forge.engine().verify_header(sent.block.header, bench.head) is None
    assert recover_signer(sent.block.header, VERIFIER) == bench.key.address


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": GENESIS_TIME + 6},
        {"difficulty": 1},
        {"coinbase": NEW},
        {"nonce": NONCE_ADD},
        {"extra_data": b"\x01" + bytes(96)},
        {"mix_hash": b"\x01" * 32},
        {"parent_hash": bytes(32)},
        {"number": 2},
        {"gas_used": 2**40},
        {"base_fee": 7},
        {"ommers_hash": bytes(32)},
    ],
)
def test_a_built_block_that_is_not_what_was_asked_for_is_not_signed(
    fields: dict[str, object],
) -> None:
    bench = Bench(1)
    effects = bench.answer(bench.request(bench.start()), **fields)
    assert "Clique.BuildDropped" in rules(effects)
    assert of_type(effects, AppendWal) == of_type(effects, ImportBlock) == []


def test_a_failed_build_is_tried_again() -> None:
    bench = Bench(1)
    asked = bench.request(bench.start())
    effects = bench.engine.handle(BlockBuilt(asked.request, None, "state_missing"), bench.now)
    again = bench.request(effects)
    assert again.request == asked.request + 1
    assert of_type(bench.answer(again), ImportBlock)


def test_an_answer_to_an_older_request_is_ignored() -> None:
    bench = Bench(1)
    asked = bench.request(bench.start())
    assert rules(bench.answer(replace(asked, request=asked.request - 1))) == ["Clique.Ignored"]
    bench.answer(asked)
    assert rules(bench.answer(asked)) == ["Clique.Ignored"]


def test_a_build_on_a_head_that_was_left_is_ignored() -> None:
    bench = Bench(2)
    asked = bench.request(bench.start())
    header = bench.forge.seal(bench.head, KEYS[1])
    bench.engine.handle(BlockReceived(block(header), None, None), bench.now)
    bench.engine.handle(BlockValidated(header.hash(), None), bench.now)
    assert rules(bench.answer(asked)) == ["Clique.Ignored"]


# -- votes ------------------------------------------------------------------------------------


def vote_of(bench: Bench, *proposals: tuple[Address, bool]) -> tuple[Address, bytes]:
    effects = bench.start()
    for subject, authorize in proposals:
        bench.engine.handle(ProposeValidatorVote(subject, authorize), bench.now)
    asked = bench.request(effects)
    return asked.coinbase, asked.nonce


NO_VOTE = (ZERO_ADDRESS, NONCE_DROP)


def test_without_proposals_there_is_no_vote() -> None:
    assert vote_of(Bench(1)) == NO_VOTE


def test_an_open_proposal_is_cast() -> None:
    assert vote_of(Bench(1), (NEW, True)) == (NEW, NONCE_ADD)
    assert vote_of(Bench(1), (KEYS[3].address, False)) == (KEYS[3].address, NONCE_DROP)


def test_removals_come_before_admissions() -> None:
    first = Address(bytes(19) + b"\x01")
    found = vote_of(Bench(1), (first, True), (KEYS[3].address, False))
    assert found == (KEYS[3].address, NONCE_DROP)


def test_pointless_proposals_are_not_cast() -> None:
    assert vote_of(Bench(1), (NEW, False), (KEYS[3].address, True)) == NO_VOTE


def test_the_last_word_on_a_subject_counts() -> None:
    assert vote_of(Bench(1), (NEW, True), (NEW, False)) == NO_VOTE


def test_a_discarded_proposal_is_not_cast() -> None:
    bench = Bench(1)
    effects = bench.start()
    bench.engine.handle(ProposeValidatorVote(NEW, authorize=True), bench.now)
    assert bench.engine.proposals() == {NEW: True}
    assert rules(bench.engine.handle(DiscardValidatorVote(NEW), bench.now)) == [
        "Clique.VoteDiscarded"
    ]
    assert bench.request(effects).coinbase == ZERO_ADDRESS
    assert rules(bench.engine.handle(DiscardValidatorVote(NEW), bench.now)) == ["Clique.Ignored"]


def test_a_vote_that_stands_makes_room_for_the_next_proposal() -> None:
    other = Address(b"\x43" * 20)
    bench = Bench(1, height=4)
    forge = bench.forge
    head = forge.genesis
    for number in range(1, 5):
        vote = (NEW, True) if number == 1 else None
        head = forge.extend(head, KEYS[number % 4], vote=vote)
    bench.head = head
    assert vote_of(bench, (NEW, True), (other, True)) == (other, NONCE_ADD)


def shrunk() -> Bench:
    """Give a chain on which two of four wanted NEW; three are left, and 0 may seal next."""
    bench = Bench(0)
    dropped = KEYS[3].address
    votes = [(0, (NEW, True)), (1, (NEW, True)), (2, (dropped, False)), (0, (dropped, False))]
    head = bench.forge.genesis
    for index, vote in [*votes, (1, (dropped, False)), (2, None)]:
        head = bench.forge.extend(head, KEYS[index], vote=vote)
    bench.head = head
    bench.forge.chain.head = head.hash()
    bench.now = (head.timestamp + 1) * 10**6
    return bench


def test_a_standing_vote_is_cast_again_when_the_touch_would_enact_it() -> None:
    bench = shrunk()
    after = bench.forge.branches.snapshot(bench.head.hash())
    assert after is not None
    assert len(after.signers) == 3
    assert after.tally[NEW].votes == 2
    assert vote_of(bench, (NEW, True)) == (NEW, NONCE_ADD)


@pytest.mark.parametrize("subject", [ZERO_ADDRESS, Address(b""), Address(b"\x01" * 21)])
def test_a_subject_that_is_no_account_is_refused(subject: Address) -> None:
    bench = Bench(1)
    bench.start()
    effects = bench.engine.handle(ProposeValidatorVote(subject, authorize=True), bench.now)
    assert rules(effects) == ["Clique.VoteRefused"]
    assert bench.engine.proposals() == {}


def test_open_proposals_are_bounded_but_known_subjects_may_change() -> None:
    bench = Bench(1)
    bench.start()
    subjects = [Address(i.to_bytes(20)) for i in range(1, PROPOSALS_COUNT_MAX + 2)]
    for subject in subjects:
        effects = bench.engine.handle(ProposeValidatorVote(subject, authorize=True), bench.now)
    assert rules(effects) == ["Clique.VoteRefused"]
    effects = bench.engine.handle(ProposeValidatorVote(subjects[0], authorize=False), bench.now)
    assert rules(effects) == ["Clique.VoteProposed"]
    assert len(bench.engine.proposals()) == PROPOSALS_COUNT_MAX


# -- period 0 ---------------------------------------------------------------------------------


def test_with_period_0_nothing_is_armed_before_transactions_wait() -> None:
    bench = Bench(1, period=0)
    assert abstains(bench.start()) == "no_transactions"
    effects = bench.engine.handle(TransactionsWaiting(), bench.now)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 1)
    assert of_type(bench.engine.handle(TransactionsWaiting(), bench.now), ScheduleTimer) == []


def test_with_period_0_an_empty_block_is_not_sealed() -> None:
    bench = Bench(1, period=0)
    bench.start()
    asked = bench.request(bench.engine.handle(TransactionsWaiting(), bench.now))
    effects = bench.answer(asked)
    assert abstains(effects) == "no_transactions"
    assert of_type(effects, ImportBlock) == []


def test_with_period_0_a_transaction_that_comes_during_a_build_is_not_forgotten() -> None:
    bench = Bench(1, period=0)
    bench.start()
    asked = bench.request(bench.engine.handle(TransactionsWaiting(), bench.now))
    assert bench.engine.handle(TransactionsWaiting(), bench.now) == ()
    again = bench.request(bench.answer(asked))
    assert of_type(bench.answer(again, (TRANSACTION,)), ImportBlock)


def test_with_period_0_a_pause_during_a_build_forgets_nothing() -> None:
    bench = Bench(1, period=0)
    bench.start()
    bench.request(bench.engine.handle(TransactionsWaiting(), bench.now))
    bench.engine.handle(PauseSealing(), bench.now)
    assert bench.armed(bench.engine.handle(ResumeSealing(), bench.now))


def test_with_a_period_blocks_do_not_wait_for_transactions() -> None:
    bench = Bench(1)
    effects = bench.start()
    assert bench.engine.handle(TransactionsWaiting(), bench.now) == ()
    assert of_type(bench.answer(bench.request(effects)), ImportBlock)


# -- the sign guard ---------------------------------------------------------------------------


def sealed(bench: Bench) -> tuple[bytes, Header]:
    """Let a bench seal; give its log entry and the sealed header."""
    effects = bench.answer(bench.request(bench.start()))
    (logged,) = of_type(effects, AppendWal)
    (imported,) = of_type(effects, ImportBlock)
    assert isinstance(logged, AppendWal)
    assert isinstance(imported, ImportBlock)
    return logged.entry, imported.block.header


def test_a_restart_builds_no_second_block_on_that_parent() -> None:
    entry, _ = sealed(Bench(1))
    bench = Bench(1)
    bench.now = TURN
    effects = bench.start(entry)
    assert abstains(effects) == "sealed_before"
    assert of_type(effects, ScheduleTimer) == []


def test_a_restart_with_a_clock_that_lies_behind_parks_the_own_block() -> None:
    entry, header = sealed(Bench(1))
    bench = Bench(1)
    assert bench.now < TURN
    timer = bench.armed(bench.start(entry))
    assert timer == ScheduleTimer(TimerId(TimerKind.FUTURE, 0), header.timestamp * 10**6)


def test_the_restored_block_becomes_the_head_byte_for_byte() -> None:
    entry, header = sealed(Bench(1))
    bench = Bench(1)
    bench.now = TURN
    effects = bench.start(entry)
    assert of_type(effects, ValidateBlock) == [ValidateBlock(block(header))]
    effects = bench.engine.handle(BlockValidated(header.hash(), None), bench.now)
    assert of_type(effects, SetHead) == [SetHead(header.hash(), 0)]
    assert of_type(effects, BroadcastBlock) == [BroadcastBlock(block(header), None)]


def test_a_guard_does_not_bind_on_another_parent() -> None:
    entry, _ = sealed(Bench(1))
    bench = Bench(1, height=4)
    effects = bench.start(entry)
    assert bench.armed(effects).timer == TimerId(TimerKind.BLOCK, 5)


def test_a_restored_snapshot_of_the_engine_keeps_the_guard() -> None:
    bench = Bench(1)
    sealed(bench)
    again = bench.forge.engine(bench.key)
    again.restore(bench.engine.snapshot())
    effects = again.handle(NewChainHead(bench.head), bench.now)
    assert abstains(effects) == "sealed_before"


def foreign(kind: str, entry: bytes, signer: PrivateKey) -> bytes:
    read = WalEntry.decode(entry)
    return {
        "genesis": replace(read, genesis=bytes(32)).encode(),  # type: ignore[arg-type]
        "key": replace(read, author=signer.address).encode(),
        "kind": replace(read, kind="note").encode(),
        "payload": replace(read, payload=b"\x01").encode(),
        "bytes": entry[:-1],
    }[kind]


@pytest.mark.parametrize("kind", ["genesis", "key", "kind", "payload", "bytes"])
def test_a_log_that_cannot_be_trusted_makes_an_observer(kind: str) -> None:
    """Without its guards the validator could seal a second child of one parent."""
    entry, _ = sealed(Bench(1))
    bench = Bench(1)
    effects = bench.start(foreign(kind, entry, KEYS[2]))
    assert rules(effects)[1] == "Clique.WalRefused"
    assert abstains(effects) == "wal_refused"
    assert of_type(effects, ScheduleTimer) == []


def test_an_observer_reads_any_log() -> None:
    entry, _ = sealed(Bench(1))
    bench = Bench(1)
    bench.engine = bench.forge.engine()
    assert rules(bench.start(entry)) == ["Clique.Started"]


def test_a_second_block_by_the_own_key_elsewhere_is_reported() -> None:
    """Somebody else runs with this key."""
    bench = Bench(1)
    _, header = sealed(bench)
    bench.forge.chain.add(header)
    clone = bench.forge.seal(bench.head, bench.key, gas_used=1)
    effects = bench.engine.handle(BlockReceived(block(clone), None, None), bench.now)
    (evidence,) = of_type(effects, ReportEvidence)
    assert isinstance(evidence, ReportEvidence)
    assert (evidence.offender, evidence.kind) == (bench.key.address, "double_seal")
