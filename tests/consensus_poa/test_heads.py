"""What engines remember of head moves."""

from node.base.header import Header
from node.base.limits import IMPORTED_BLOCKS_COUNT_MAX
from node.base.types import Hash32
from node.consensus_poa.chain_state import ChainState
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import BlockReceived, BlockValidated, NewChainHead
from node.consensus_poa.heads import Heads
from tests.consensus_poa.chains import LATER, Forge, ascending, block

KEYS = ascending(4)


def take(engine: CliqueEngine, header: Header) -> tuple[Effect, ...]:
    """Let an engine import a header that the chain does not show yet."""
    engine.handle(BlockReceived(block(header), None, None), LATER)
    return engine.handle(BlockValidated(header.hash(), None), LATER)


def chain_of(forge: Forge, *signers: int) -> list[Header]:
    shadow = Forge(KEYS, forge.options)
    made, parent = [], shadow.genesis
    for index in signers:
        parent = shadow.extend(parent, KEYS[index])
        made.append(parent)
    return made


def test_moves_that_are_never_answered_are_bounded() -> None:
    forge = Forge(KEYS)
    engine = forge.started()
    moves = engine._state.head_moves
    moves += [Hash32(i.to_bytes(32)) for i in range(IMPORTED_BLOCKS_COUNT_MAX)]
    (header,) = chain_of(forge, 1)
    take(engine, header)
    assert len(moves) == IMPORTED_BLOCKS_COUNT_MAX
    assert moves[-1] == header.hash()


def test_a_settled_head_leaves_no_block_under_way() -> None:
    """Else the state would carry a thousand headers that the chain already shows."""
    forge = Forge(KEYS)
    engine = forge.started()
    (header,) = chain_of(forge, 1)
    take(engine, header)
    assert list(engine._state.imported) == [header.hash()]
    forge.chain.add(header)
    engine.handle(NewChainHead(header), LATER)
    assert list(engine._state.imported) == []


def test_of_equally_heavy_heads_the_first_stays() -> None:
    forge = Forge(KEYS)
    heavy, light = (forge.extend(forge.genesis, KEYS[index]) for index in (1, 2))
    other = forge.extend(forge.genesis, KEYS[3])
    heads = Heads(ChainState(), forge.branches, "Test")
    assert heads.prefers(light, light.hash(), heavy, heavy.hash())
    assert not heads.prefers(light, light.hash(), other, other.hash())
    assert not heads.prefers(heavy, heavy.hash(), light, light.hash())


def test_a_head_of_unknown_weight_is_never_taken() -> None:
    forge = Forge(KEYS)
    stranger = forge.seal(forge.seal(forge.genesis, KEYS[1]), KEYS[2])
    heads = Heads(ChainState(), forge.branches, "Test")
    genesis = forge.genesis
    assert not heads.prefers(genesis, genesis.hash(), stranger, stranger.hash())
    assert not heads.prefers(stranger, stranger.hash(), genesis, genesis.hash())
