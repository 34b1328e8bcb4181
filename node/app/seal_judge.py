"""Who may seal the blocks of a chain that comes as a file, and which of two heads is followed.

Seals are checked by the very engine that a node runs, as an observer; IBFT 2.0, which has none
here, by its codec.  ``Unsealed`` checks none.
"""

from typing import Final, Protocol

from node.app.genesis_engines import contracts_of, header_form, observer_of
from node.app.ibft2_judge import Ibft2Judge
from node.base.errors import ConfigError
from node.base.header import Header
from node.base.header_form import HeaderForm
from node.base.ports import Verifier
from node.base.types import Address
from node.consensus_poa.header import recover_signer
from node.consensus_poa.ibft1.header import recover_proposer
from node.consensus_poa.interface import Engine
from node.evm.genesis import ENGINES, Genesis
from node.evm.ledger import Ledger

_DECIDING: Final = ("qbft", "ibft", "istanbul")
_IBFT1: Final = ("ibft", "istanbul")


class SealJudge(Protocol):
    """What an engine knows about blocks that it did not see in the making."""

    @property
    def form(self) -> HeaderForm:
        """How headers of the chain travel and are kept."""
        ...

    @property
    def reads_state(self) -> bool:
        """A contract says who may seal, so that seals cannot be judged without executing."""
        ...

    @property
    def decides(self) -> bool:
        """A block that passes ``check`` is final: no other one may stand at its height."""
        ...

    def check(self, header: Header, parent: Header) -> str | None:
        """Give the first rule that seal, difficulty or time break, or None.

        ``header`` is the one that travels, certificate inside; ``parent`` the kept one, stored
        with all before it.
        """
        ...

    def fee_recipient(self, header: Header) -> Address:
        """Give who receives the fees of a block and is its COINBASE; ``header`` is kept."""
        ...

    def prefers(self, current: Header, candidate: Header) -> bool:
        """Say whether a stored ``candidate`` replaces ``current`` as the head."""
        ...


class EngineJudge:
    """Asks the engine of the chain."""

    def __init__(
        self, engine: Engine, form: HeaderForm, *, reads_state: bool, decides: bool
    ) -> None:
        self._engine = engine
        self.form = form
        self.reads_state = reads_state
        self.decides = decides

    def check(self, header: Header, parent: Header) -> str | None:
        """Give the first rule of the engine that the header breaks, or None."""
        return self._engine.verify_header(header, parent)

    def fee_recipient(self, header: Header) -> Address:
        """Give who made the block; after a check it is known."""
        return self._engine.signer_of(header) or header.coinbase

    def prefers(self, current: Header, candidate: Header) -> bool:
        """Say what the engine's fork choice says."""
        return self._engine.fork_choice(current, candidate)


class Unsealed:
    """Checks no seal: proof of work, blocks after the merge, chains that somebody vouches for."""

    reads_state = False
    decides = False

    def __init__(self, genesis: Genesis, ledger: Ledger, verifier: Verifier) -> None:
        self.form = header_form(genesis)
        self._engine = genesis.engine
        self._ledger = ledger
        self._verifier = verifier

    def check(self, header: Header, parent: Header) -> str | None:
        """Find nothing."""
        del header, parent
        return None

    def fee_recipient(self, header: Header) -> Address:
        """Give the coinbase field; of clique and IBFT 1 the signer, where the seal has one."""
        signer = None
        if self._engine == "clique":
            signer = recover_signer(header, self._verifier)
        elif self._engine in _IBFT1:
            signer = recover_proposer(header, self._verifier)
        return signer or header.coinbase

    def prefers(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` is heavier; after the merge, the last word is the file's."""
        if candidate.difficulty == 0:
            return True
        weight = self._ledger.total_difficulty
        return weight(candidate.hash()) > weight(current.hash())


def can_check(genesis: Genesis) -> bool:
    """Say whether the seals of a chain can be checked here."""
    return genesis.engine in ENGINES


def judge_for(
    genesis: Genesis, ledger: Ledger, verifier: Verifier, *, checks_seals: bool
) -> SealJudge:
    """Give the judge of a chain.

    raises        ConfigError: nobody here can check the seals of this chain, or what the genesis
                  says of its engine cannot be.
    """
    if not checks_seals:
        return Unsealed(genesis, ledger, verifier)
    if not can_check(genesis):
        raise ConfigError(
            f"genesis: no engine whose seals can be checked here ({', '.join(ENGINES)}) in "
            "config: import with --no-seal to trust the seals of this chain"
        )
    if genesis.engine == "ibft2":
        return Ibft2Judge(genesis, ledger, verifier)
    return EngineJudge(
        observer_of(genesis, ledger, verifier),
        header_form(genesis),
        reads_state=bool(contracts_of(genesis)),
        decides=genesis.engine in _DECIDING,
    )
