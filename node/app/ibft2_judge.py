"""Who may seal the blocks of an IBFT 2.0 chain: its headers alone say so, no engine runs here."""

from node.base.errors import CodecError, ConfigError
from node.base.header import Header
from node.base.header_form import HeaderForm
from node.base.limits import SNAPSHOTS_COUNT_MAX
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.ibft2_codec import (
    Ibft2Extra,
    Ibft2Form,
    Ibft2Votes,
    genesis_votes,
    verify_header,
)
from node.evm.genesis import Genesis
from node.evm.genesis_fields import number
from node.evm.ledger import Ledger

_EPOCH_BLOCKS = 30_000
"""Blocks after which open votes are dropped, where a chain does not say otherwise (Besu)."""


class Ibft2Judge:
    """The ``SealJudge`` of IBFT 2.0."""

    form: HeaderForm = Ibft2Form()
    reads_state = False
    decides = True

    def __init__(self, genesis: Genesis, ledger: Ledger, verifier: Verifier) -> None:
        """Read the options of the chain.

        raises        ConfigError: an option that cannot be, transitions, or no validator.
        """
        settings = genesis.engine_settings
        self._epoch = number(settings, "epochlength", 0) or _EPOCH_BLOCKS
        self._period = number(settings, "blockperiodseconds", 0) or 1
        if genesis.transitions.get("ibft2"):
            raise ConfigError("genesis: config.transitions.ibft2 is not known here, wants none")
        self._ledger = ledger
        self._verifier = verifier
        self._votes: Bounded[Hash32, Ibft2Votes] = Bounded(SNAPSHOTS_COUNT_MAX)
        try:
            listed = genesis_votes(_full(ledger.genesis_header)).validators
        except CodecError as error:
            raise ConfigError(f"genesis: {error}") from error
        if not listed:
            raise ConfigError("genesis: extraData lists no validator, wants at least one")

    def check(self, header: Header, parent: Header) -> str | None:
        """Give the first rule that the header breaks (``ibft2_codec``), or None."""
        validators = self._after(parent).validators
        return verify_header(header, _full(parent), validators, self._verifier, period=self._period)

    def fee_recipient(self, header: Header) -> Address:
        """Give the builder."""
        return header.coinbase

    def prefers(self, current: Header, candidate: Header) -> bool:
        """Say whether ``candidate`` is higher: decided blocks never compete."""
        return candidate.number > current.number

    def _after(self, header: Header) -> Ibft2Votes:
        """Count votes from the last block behind which none stand; all blocks are stored."""
        path: list[Header] = []
        found = self._known(header)
        while found is None:
            path.append(header)
            below = self._ledger.header(header.parent_hash)
            assert below is not None, "what is judged stands on stored blocks"
            header = below
            found = self._known(header)
        for above in reversed(path):
            found = found.after(_full(above), self._epoch)
            self._votes[above.hash()] = found
        return found

    def _known(self, header: Header) -> Ibft2Votes | None:
        if header.number % self._epoch:
            return self._votes.get(header.hash())
        return Ibft2Votes(tuple(sorted(Ibft2Extra.decode(_full(header).extra_data).validators)))


def _full(header: Header) -> Header:
    """Give a kept header as the codec reads it: round 0 and no seals change no hash."""
    return Ibft2Form().join(header, None)
