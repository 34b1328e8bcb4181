"""What goes wrong in an engine of somebody's own, and what is told about it."""

import pickle

import pytest

from node.app.guarded_engine import EngineFaultError, GuardedEngine, guarded
from node.base.errors import CodecError, ConfigError, UnavailableError, UnknownBlockError
from node.consensus_poa.effects import CancelTimer
from node.consensus_poa.events import TimerId, TimerKind, TransactionsWaiting

EFFECT = CancelTimer(TimerId(TimerKind.BLOCK, 0))


class Broken:
    """Gives or raises the same, whatever it is asked."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def __getattr__(self, name: str):
        def ask(*_: object) -> object:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return ask


CALLS = {
    "handle": (TransactionsWaiting(), 0),
    "verify_header": (None, None),
    "signer_of": (None,),
    "validators_after_block": (bytes(32),),
    "fork_choice": (None, None),
    "snapshot": (),
    "restore": (b"",),
}


@pytest.mark.parametrize("method", CALLS)
def test_whatever_is_raised_is_told_with_method_file_and_line(method: str) -> None:
    engine = GuardedEngine("own:Engine", Broken(KeyError("boom")))
    with pytest.raises(EngineFaultError) as caught:
        getattr(engine, method)(*CALLS[method])
    told = str(caught.value)
    assert told.startswith(f"engine own:Engine: {method}")
    assert "raised KeyError: 'boom' (test_guarded_engine.py:" in told
    assert str(pickle.loads(pickle.dumps(caught.value))) == told


@pytest.mark.parametrize("answer", [None, 5, [EFFECT], (EFFECT, "text")])
def test_only_a_tuple_of_effects_is_an_answer(answer: object) -> None:
    with pytest.raises(
        EngineFaultError, match=r"handle\(TransactionsWaiting\) gave .* tuple of effects"
    ):
        GuardedEngine("own:Engine", Broken(answer)).handle(TransactionsWaiting(), 0)


def test_effects_pass() -> None:
    assert GuardedEngine("own:Engine", Broken((EFFECT,))).handle(TransactionsWaiting(), 0) == (
        EFFECT,
    )


@pytest.mark.parametrize("answer", [None, 5, (b"short",), ("text",)])
def test_only_a_tuple_of_addresses_is_a_set(answer: object) -> None:
    with pytest.raises(EngineFaultError, match="wants a tuple of addresses"):
        GuardedEngine("own:Engine", Broken(answer)).validators_after_block(bytes(32))


def test_errors_of_the_interface_pass() -> None:
    unknown = UnknownBlockError(bytes(32))
    with pytest.raises(UnavailableError):
        GuardedEngine("own:Engine", Broken(unknown)).validators_after_block(bytes(32))
    with pytest.raises(CodecError):
        GuardedEngine("own:Engine", Broken(CodecError("state", "none"))).restore(b"")


def test_a_constructor_that_raises_is_told() -> None:
    def make(_lent: object) -> Broken:
        raise ZeroDivisionError("boom")

    with pytest.raises(ConfigError, match="own:Engine: its constructor raised ZeroDivisionError"):
        guarded("own:Engine", make, None)


def test_settings_that_the_engine_refuses_are_told_in_its_own_words() -> None:
    def make(_lent: object) -> Broken:
        raise ConfigError("timeout 0")

    with pytest.raises(ConfigError, match=r"^timeout 0$"):
        guarded("own:Engine", make, None)
