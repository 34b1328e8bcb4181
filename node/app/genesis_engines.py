"""What a genesis.json says about the engine of its chain, for whoever has no scenario.

Chains of ours have all forks in block 0.  Foreign ones may take London later or never; Shanghai
and Cancun come by time there, which no header of an authority's engine can be told by.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from node.app.engines import CONTRACT_KEY
from node.app.ledger_reader import LedgerReader
from node.app.validator_sets import ScheduledValidators
from node.base.errors import CodecError, ConfigError, UnavailableError
from node.base.header_form import WHOLE, HeaderForm
from node.base.ports import Verifier
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.consensus_poa.aura.engine import AuraEngine
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.extra_data import checkpoint_signers
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.header import Ibft1HeaderForm
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.ibft2_codec import Ibft2Extra, Ibft2Form
from node.consensus_poa.interface import Capabilities, Engine
from node.consensus_poa.qbft.engine import QbftEngine
from node.consensus_poa.qbft.header import QbftForm
from node.consensus_poa.qbft.options import QbftOptions
from node.evm import genesis_fields as read
from node.evm.forks import CANCUN, Fork
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger

_NEVER: Final = 2**64
"""Above every block number."""
_FORMS: Final[Mapping[str, HeaderForm]] = {
    "qbft": QbftForm(),
    "ibft": Ibft1HeaderForm(),
    "istanbul": Ibft1HeaderForm(),
    "ibft2": Ibft2Form(),
}


def header_form(genesis: Genesis) -> HeaderForm:
    """Give how headers of the chain travel."""
    return _FORMS.get(genesis.engine, WHOLE)


def kept_genesis(genesis: Genesis) -> Genesis:
    """Give the genesis whose plain hash is block 0's: that of IBFT 2.0 leaves two items out.

    raises        ConfigError: extraData is not IBFT 2.0's.
    """
    if genesis.engine != "ibft2":
        return genesis
    try:
        extra = Ibft2Extra.decode(genesis.extra_data)
    except CodecError as error:
        raise ConfigError(f"genesis: {error}") from error
    return replace(genesis, extra_data=extra.encode_kept())


def observer_of(genesis: Genesis, ledger: Ledger, verifier: Verifier) -> Engine:
    """Give the engine of a chain, without a key.

    raises        ConfigError: options that cannot be; forks that headers cannot tell; nobody is
                  named who may seal block 1.
    """
    make = _MAKERS[genesis.engine]
    contracts = contracts_of(genesis)
    provider = ScheduledValidators(ledger, contracts) if contracts else None
    # the default rule of Clique, EIP-3436, draws no coin: equal files in any order give one head
    entropy = TreeEntropy(0, "import")
    engine = make(genesis, Capabilities(LedgerReader(ledger), verifier, entropy, None, provider))
    try:
        engine.validators_after_block(ledger.genesis_hash)
    except UnavailableError as error:
        raise ConfigError(f"genesis: names nobody who may seal block 1: {error}") from error
    return engine


def london_block(genesis: Genesis) -> int:
    """Give the first block with a base fee; of a foreign chain it may be any, or none ever."""
    numbers = ((Fork.LONDON, 0),) if genesis.forks is None else genesis.forks.numbers
    return next((first for fork, first in numbers if fork is Fork.LONDON), _NEVER)


def _cancun_block(genesis: Genesis) -> int:
    if genesis.forks is not None and genesis.forks.times:
        raise ConfigError(
            f"genesis: {genesis.engine} with forks by time after block 0, wants shanghaiTime and "
            "cancunTime both 0 or both absent"
        )
    return 0 if genesis.profile is CANCUN else _NEVER


def _clique(genesis: Genesis, lent: Capabilities) -> Engine:
    try:
        listed = checkpoint_signers(genesis.extra_data)
    except ValueError as error:
        raise ConfigError(f"genesis: {error}") from error
    if not listed:
        raise ConfigError("genesis: extraData lists no signer, wants at least one")
    options = CliqueOptions.from_settings(
        genesis.engine_settings, london_block=london_block(genesis)
    )
    return CliqueEngine(options, lent)


def _qbft(genesis: Genesis, lent: Capabilities) -> Engine:
    options = QbftOptions.from_settings(
        genesis.engine_settings,
        transitions=_transitions(genesis),
        london_block=london_block(genesis),
        cancun_block=_cancun_block(genesis),
    )
    return QbftEngine(options, lent)


def _ibft1(genesis: Genesis, lent: Capabilities) -> Engine:
    options = Ibft1Options.from_settings(
        genesis.engine_settings, london_block=london_block(genesis)
    )
    return Ibft1Engine(options, lent)


def _aura(genesis: Genesis, lent: Capabilities) -> Engine:
    return AuraEngine(AuraOptions.from_settings(genesis.engine_settings), lent)


_MAKERS: Final[Mapping[str, Callable[[Genesis, Capabilities], Engine]]] = {
    "clique": _clique,
    "qbft": _qbft,
    "ibft": _ibft1,
    "istanbul": _ibft1,
    "aura": _aura,
}


def _transitions(genesis: Genesis) -> tuple[Mapping[str, Any], ...]:
    """Give what stands under ``config.transitions.<engine>``."""
    entries = genesis.transitions.get(genesis.engine, [])
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ConfigError(f"genesis: config.transitions.{genesis.engine} wants a list of objects")
    return tuple(entries)


def contracts_of(genesis: Genesis) -> tuple[tuple[int, Address], ...]:
    """Give from which block on which contract names the validators, ascending."""
    entries = [(0, genesis.engine_settings), *((_block(one), one) for one in _transitions(genesis))]
    return tuple(
        (block, read.address(entry[CONTRACT_KEY], CONTRACT_KEY))
        for block, entry in sorted(entries, key=lambda entry: entry[0])
        if entry.get(CONTRACT_KEY) is not None
    )


def _block(entry: Mapping[str, Any]) -> int:
    return read.number(entry, "block")
