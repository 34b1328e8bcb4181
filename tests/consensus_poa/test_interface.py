from node.base.rng import TreeEntropy
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.interface import Capabilities, Engine, ValidatorProvider
from tests.consensus_poa.chains import VERIFIER, FakeChain, ascending, genesis_header


def test_clique_has_the_shape_of_an_engine_and_of_a_validator_provider() -> None:
    """The annotations are the test for mypy; the names are the test at run time."""
    lent = Capabilities(FakeChain(genesis_header(ascending(1))), VERIFIER, TreeEntropy(1))
    made = CliqueEngine(CliqueOptions(), lent)
    engine: Engine = made
    provider: ValidatorProvider = made
    for name in ("handle", "verify_header", "fork_choice", "snapshot", "restore"):
        assert callable(getattr(engine, name))
    for name in ("validators_for_block", "validators_after_block"):
        assert callable(getattr(provider, name))


def test_an_observer_lends_no_signer() -> None:
    lent = Capabilities(FakeChain(genesis_header([])), VERIFIER, TreeEntropy(1))
    assert lent.signer is None
    assert lent.validators is None
