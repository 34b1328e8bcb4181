"""Bring your own engine: round-robin proof of authority.  ``--engine examples.round_robin:Engine``.

The rule.  V is the ascending list of validators in extraData of genesis (vanity 32, addresses,
seal 65).  At height h the turn is V[h mod n]'s, and each ``timeout`` seconds of silence hand it to
the next one.  So a block of V[(h + k) mod n] comes ``period + k * timeout`` seconds after its
parent at the earliest, and its difficulty is n - k: of two branches the less silent one wins.

An engine does nothing itself: ``handle`` is told events (``consensus_poa/events.py``) and the local
time in microseconds, and gives effects (``effects.py``), which the node executes in order.  It is a
function of what it was told (no clock, no iteration over a set, no randomness but
``capabilities.entropy``) and never raises, whatever a peer sends.  ``CandidateEngine`` takes the
events: it parks early blocks, fetches missing parents, has blocks executed, reports who seals
twice, follows the heaviest branch.  Left to us: what a header must be, whose turn it is, what is
never signed twice, what a restart must know.
"""

from collections.abc import Mapping
from dataclasses import replace

from node.base.block import Block
from node.base.errors import CodecError, ConfigError
from node.base.header import Header
from node.base.types import EMPTY_OMMERS_HASH, MICROS_PER_SECOND, ZERO_HASH, Address, Hash32
from node.consensus_poa.block_tree import BlockTree
from node.consensus_poa.candidate_engine import CandidateEngine
from node.consensus_poa.chain_state import ChainState, Waiting
from node.consensus_poa.effects import AppendWal, BuildBlock, Effect
from node.consensus_poa.events import BlockBuilt, TimerId, TimerKind
from node.consensus_poa.extra_data import ADDRESS_BYTES, checkpoint_signers, clique_extra
from node.consensus_poa.gas_rules import check_gas
from node.consensus_poa.header import seal_header
from node.consensus_poa.heads import Heads
from node.consensus_poa.intake import TimedRules, Verdict
from node.consensus_poa.interface import Capabilities
from node.consensus_poa.wal import ForeignLogError, WalEntry

EXTRA = clique_extra(bytes(32))  # vanity and a seal to be filled in
TURN = TimerId(TimerKind.BLOCK, 0)


class Engine(CandidateEngine[ChainState], TimedRules):
    """One node's engine; without a signer it follows the chain and seals nothing."""

    def __init__(self, options: Mapping[str, object], capabilities: Capabilities) -> None:
        super().__init__("RoundRobin")
        period, timeout = options.get("period", 5), options.get("timeout", 3)
        if not (isinstance(period, int) and isinstance(timeout, int) and min(period, timeout) > 0):
            raise ConfigError(f"period {period!r}, timeout {timeout!r}: want whole seconds above 0")
        self._period, self._timeout, self._lent = period, timeout, capabilities
        genesis = capabilities.chain.header_by_number(0)
        listed = len(genesis.extra_data) - len(EXTRA) if genesis else 0
        if genesis is None or listed <= 0 or listed % ADDRESS_BYTES:
            raise ConfigError("round robin: wants a genesis that lists the validators")
        self._genesis_hash = genesis.hash()
        self._validators = tuple(sorted(set(checkpoint_signers(genesis.extra_data))))
        self._own = capabilities.signer.address if capabilities.signer else None
        self._begin(ChainState())

    def _begin(self, state: ChainState) -> None:
        tree = BlockTree(self._lent.chain, self._lent.verifier, state.imported)
        self.wire(state, tree, self, Heads(state, tree, self.name))

    def check_shape(self, header: Header) -> str | None:
        """Give the first rule that a header breaks by itself: unused fields are constant."""
        unused = (header.nonce, header.mix_hash, header.ommers_hash, header.withdrawals_root)
        if unused != (bytes(8), ZERO_HASH, EMPTY_OMMERS_HASH, None):
            return "invalid_constant"
        return None if len(header.extra_data) == len(EXTRA) else "invalid_extra_data"

    def judge(self, block_hash: Hash32, header: Header, parent: Header) -> Verdict:
        """Name the first rule that a header of right shape breaks on its parent, or its signer."""
        del block_hash
        signer, error = self._tree.signer(header), None
        if signer is None or signer not in self._validators or signer != header.coinbase:
            error = "unauthorized_signer"
        elif header.timestamp < self._turn(parent, signer)[1]:
            error = "not_its_turn"
        elif header.difficulty != self._turn(parent, signer)[0]:
            error = "wrong_difficulty"
        return Verdict(signer, error or check_gas(header, parent))

    def _turn(self, parent: Header, signer: Address) -> tuple[int, int]:
        """Give the difficulty of ``signer``'s block on ``parent``, and its first second."""
        count = len(self._validators)
        silences = (self._validators.index(signer) - parent.number - 1) % count
        return count - silences, parent.timestamp + self._period + silences * self._timeout

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set of genesis: it never changes here."""
        del block_hash
        return self._validators

    def on_start(self, wal: tuple[bytes, ...], out: list[Effect]) -> Waiting | None:
        """Read what was sealed before a crash: that very block may be sent again, no other."""
        lost: Block | None = None
        try:
            for entry in map(WalEntry.decode, wal):
                entry.check_origin(self._genesis_hash, self._own)
                lost = Block.decode(entry.payload)
                self._state.sealed = max(self._state.sealed, lost.header.number)
        except (
            CodecError,
            ForeignLogError,
        ) as error:  # who cannot know what it signed must not sign
            self._state.is_observer = True
            out.append(self._trace("WalRefused", reason=str(error)))
        return Waiting(lost, None) if lost else None

    def on_head(self, now: int, out: list[Effect]) -> None:
        """Arm the own turn on the head; it is void as soon as the head moves."""
        state, head = self._state, self._state.head
        may_seal = not state.is_paused and not state.is_observer and self._own in self._validators
        if may_seal and head and self._own and not state.build and head.number >= state.sealed:
            due = self._turn(head, self._own)[1] * MICROS_PER_SECOND
            self._arm(TURN, max(due, now), out)

    def on_turn(self, now: int, out: list[Effect]) -> None:
        """Ask for a block: everybody before us was silent."""
        state, own = self._state, self._own
        if state.head and own:  # on_head saw to both
            difficulty, state.requests = self._turn(state.head, own)[0], state.requests + 1
            asked = (state.requests, state.head_hash, now // MICROS_PER_SECOND, EXTRA, own)
            state.build = BuildBlock(*asked, bytes(8), difficulty, ZERO_HASH)
            out.append(state.build)

    def on_built(self, event: BlockBuilt, now: int, out: list[Effect]) -> None:
        """Seal the block; the log is durable before anybody sees it."""
        state, signer, asked, block = self._state, self._lent.signer, self._state.build, event.block
        if not (signer and asked and state.head and event.request == asked.request):
            return
        state.build = None
        if block is None or not asked.is_answered_by(block.header):
            self._arm(TURN, now + MICROS_PER_SECOND, out)
            return
        sealed = replace(block, header=seal_header(block.header, signer))
        state.sealed = sealed.header.number
        entry = WalEntry("seal", self._genesis_hash, signer.address, sealed.encode())
        out.append(AppendWal(entry.encode()))
        self._heads.accept(sealed, sealed.header.hash(), out)

    def snapshot(self) -> bytes:
        """Give the state as canonical bytes."""
        return self._state.encode()

    def restore(self, data: bytes) -> None:
        """Take up what ``snapshot`` gave.  raises CodecError: it is no such state."""
        self._begin(ChainState.decode(data))
