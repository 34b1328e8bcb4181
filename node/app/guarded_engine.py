"""An engine of somebody's own behind a fence: what goes wrong in it ends the run with a sentence.

``handle`` is to be total (consensus.md section 2).  The engines of this package are tested for it;
of one that was written this morning nobody knows.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, ParamSpec, TypeGuard, TypeVar, get_args

from node.base.errors import CodecError, ConfigError, UnavailableError, WardnetError
from node.base.header import Header
from node.base.types import Address, Hash32
from node.consensus_poa.effects import Effect
from node.consensus_poa.events import Event
from node.consensus_poa.extra_data import ADDRESS_BYTES
from node.consensus_poa.interface import Capabilities, Engine

_EFFECTS: Final = get_args(Effect)
_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


@dataclass(eq=False)
class EngineFaultError(WardnetError):
    """An engine of somebody's own raised, or answered what no engine may answer."""

    engine: str
    method: str
    what: str

    def __str__(self) -> str:
        return f"engine {self.engine}: {self.method} {self.what}"


def guarded(name: str, make: Callable[[Capabilities], Engine], lent: Capabilities) -> Engine:
    """Make an engine and put the fence around it.

    raises        ConfigError: its constructor raised.
    """
    try:
        return GuardedEngine(name, make(lent))
    except ConfigError:
        raise
    except Exception as error:  # somebody else's code: anything may come
        raise ConfigError(f"engine {name}: its constructor {raised(error)}") from error


def raised(error: BaseException) -> str:
    """Say what was raised, and on which line of which file."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"raised {type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"


class GuardedEngine:
    """Passes everything on; raises EngineFaultError for whatever an engine must not do."""

    def __init__(self, name: str, engine: Engine) -> None:
        self._name = name
        self._engine = engine

    def handle(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Apply one event."""
        method = f"handle({type(event).__name__})"
        effects: object = self._ask(method, (), self._engine.handle, event, now)
        if _are_effects(effects):
            return effects
        raise EngineFaultError(self._name, method, f"gave {effects!r}, wants a tuple of effects")

    def verify_header(self, header: Header, parent: Header) -> str | None:
        """Judge a header."""
        return self._ask("verify_header", (), self._engine.verify_header, header, parent)

    def signer_of(self, header: Header) -> Address | None:
        """Say who made a block."""
        return self._ask("signer_of", (), self._engine.signer_of, header)

    def validators_after_block(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set after a block; it may be unavailable."""
        method = "validators_after_block"
        ask = self._engine.validators_after_block
        found: object = self._ask(method, (UnavailableError,), ask, block_hash)
        if _are_addresses(found):
            return found
        raise EngineFaultError(self._name, method, f"gave {found!r}, wants a tuple of addresses")

    def fork_choice(self, current: Header, candidate: Header) -> bool:
        """Choose between two heads."""
        return self._ask("fork_choice", (), self._engine.fork_choice, current, candidate)

    def snapshot(self) -> bytes:
        """Give the state."""
        return self._ask("snapshot", (), self._engine.snapshot)

    def restore(self, data: bytes) -> None:
        """Take up a state; bytes may be none."""
        self._ask("restore", (CodecError,), self._engine.restore, data)

    def _ask(
        self,
        method: str,
        allowed: tuple[type[WardnetError], ...],
        ask: Callable[_Given, _Answer],
        *args: _Given.args,
        **named: _Given.kwargs,
    ) -> _Answer:
        try:
            return ask(*args, **named)
        except allowed:
            raise
        except Exception as error:  # as above
            raise EngineFaultError(self._name, method, raised(error)) from error


def _are_effects(found: object) -> TypeGuard[tuple[Effect, ...]]:
    return _is_tuple(found) and all(isinstance(one, _EFFECTS) for one in found)


def _are_addresses(found: object) -> TypeGuard[tuple[Address, ...]]:
    return _is_tuple(found) and all(
        isinstance(one, bytes) and len(one) == ADDRESS_BYTES for one in found
    )


def _is_tuple(found: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(found, tuple)
