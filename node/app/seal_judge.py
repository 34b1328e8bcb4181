"""Who may seal the blocks of a chain that comes as a file, and which of two heads is followed.

One judge for each engine whose seals can be checked, and one that checks none.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from node.app.chain_desk import LedgerReader
from node.base.errors import ConfigError
from node.base.header import Header
from node.base.ports import Verifier
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.extra_data import checkpoint_signers
from node.consensus_poa.header import recover_signer
from node.consensus_poa.interface import Capabilities
from node.evm.forks import Fork
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger


class SealJudge(Protocol):
    """What an engine knows about blocks that it did not see in the making."""

    def check(self, header: Header, parent: Header) -> str | None:
        """Give the first rule that seal, difficulty or time break, or None.

        ``parent`` is stored, with all before it.
        """
        ...

    def fee_recipient(self, header: Header) -> Address:
        """Give who receives the fees of a block and is its COINBASE."""
        ...

    def prefers(self, current: Header, candidate: Header) -> bool:
        """Say whether a stored ``candidate`` replaces ``current`` as the head."""
        ...


class CliqueJudge:
    """Checks Clique seals with the very engine that a node runs, as an observer."""

    def __init__(self, genesis: Genesis, ledger: Ledger, verifier: Verifier) -> None:
        """Read the options of the chain.

        raises        ConfigError: the genesis has no list of signers, or options that cannot be.
        """
        try:
            listed = checkpoint_signers(genesis.extra_data)
        except ValueError as error:
            raise ConfigError(f"genesis: {error}") from error
        if not listed:
            raise ConfigError("genesis: extraData lists no signer, wants at least one")
        options = CliqueOptions.from_settings(
            genesis.engine_settings, london_block=_london_block(genesis)
        )
        # the default rule, EIP-3436, draws no coin: equal files in any order give one head
        entropy = TreeEntropy(0, "import")
        self._engine = CliqueEngine(options, Capabilities(LedgerReader(ledger), verifier, entropy))

    def check(self, header: Header, parent: Header) -> str | None:
        """Give the first rule of consensus.md section 4.3 that the header breaks, or None."""
        return self._engine.verify_header(header, parent)

    def fee_recipient(self, header: Header) -> Address:
        """Give the signer."""
        return self._engine.signer_of(header) or header.coinbase

    def prefers(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` is heavier; ties as EIP-3436 breaks them."""
        return self._engine.fork_choice(current, candidate)


class Unsealed:
    """Checks no seal: proof of work, blocks after the merge, chains that somebody vouches for."""

    def __init__(self, genesis: Genesis, ledger: Ledger, verifier: Verifier) -> None:
        self._has_signers = genesis.engine == "clique"
        self._ledger = ledger
        self._verifier = verifier

    def check(self, header: Header, parent: Header) -> str | None:
        """Find nothing."""
        del header, parent
        return None

    def fee_recipient(self, header: Header) -> Address:
        """Give the coinbase field; of clique the signer, where the seal has one."""
        signer = recover_signer(header, self._verifier) if self._has_signers else None
        return signer or header.coinbase

    def prefers(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` is heavier; after the merge, the last word is the file's."""
        if candidate.difficulty == 0:
            return True
        weight = self._ledger.total_difficulty
        return weight(candidate.hash()) > weight(current.hash())


def _london_block(genesis: Genesis) -> int:
    """Give the first block with a base fee; of a foreign chain it may be any, or none ever."""
    numbers = ((Fork.LONDON, 0),) if genesis.forks is None else genesis.forks.numbers
    return next((first for fork, first in numbers if fork is Fork.LONDON), 2**64)


_JUDGES: Final[Mapping[str, Callable[[Genesis, Ledger, Verifier], SealJudge]]] = {
    "clique": CliqueJudge,
}


def judge_for(
    genesis: Genesis, ledger: Ledger, verifier: Verifier, *, checks_seals: bool
) -> SealJudge:
    """Give the judge of a chain.

    raises        ConfigError: nobody here can check the seals of this chain.
    """
    if not checks_seals:
        return Unsealed(genesis, ledger, verifier)
    make = _JUDGES.get(genesis.engine)
    if make is None:
        known = ", ".join(sorted(_JUDGES))
        raise ConfigError(
            f"genesis: no engine whose seals can be checked here ({known}) in config: "
            "import with --no-seal to trust the seals of this chain"
        )
    return make(genesis, ledger, verifier)
