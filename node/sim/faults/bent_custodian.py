"""A custodian that does not keep the rules: the place between its messages and its decisions.

The honest custodian stays as it is; a bend changes the final state that it believes to see, the
share that it releases, or whether it answers at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from node.base.types import MICROS_PER_SECOND, Address, Hash32
from node.privacy.custody import Custodian
from node.privacy.custody_deposits import DepositTaken
from node.privacy.custody_epochs import CustodyEvent
from node.privacy.deposits import DepositLetter
from node.privacy.release_facts import EmergencyFacts, GrantFacts, GrantView, RecordFacts
from node.privacy.release_messages import Answer, Head
from node.sim.hosts import Host
from node.sss.shares import decode_container

NEVER_S: Final = 2**63
"""When a grant ends that nobody ends."""


@dataclass(frozen=True, slots=True)
class Bend:
    """One way of breaking the rules, and who counts how often it was done."""

    kind: str
    """Name of the fault: ``withhold_share``, ``corrupt_share``, ``rogue_custodian``, ..."""
    count: Callable[[], None]
    ahead_us: int = 0
    """Of ``own_clock``: how far that clock is ahead of the machine's."""


@dataclass(slots=True)
class CustodyBends:
    """The bends of all custodians of a world; they outlive restarts."""

    world_us: Callable[[], int]
    hosts: Mapping[str, Host]
    _active: dict[str, list[Bend]] = field(default_factory=dict[str, list[Bend]])

    def maker(self, name: str) -> Callable[..., Custodian]:
        """Give what makes the custodian of a node."""
        active = self._active.setdefault(name, [])
        return partial(BentCustodian, active, lambda: self._own_time_us(name))

    def add(self, name: str, bend: Bend) -> None:
        """Let a custodian misbehave from now on."""
        self._active.setdefault(name, []).append(bend)

    def remove(self, name: str, bend: Bend) -> None:
        """End a bend."""
        self._active[name].remove(bend)

    def _own_time_us(self, name: str) -> int:
        return self.hosts[name].clock.read(self.world_us())


class BentCustodian(Custodian):
    """A custodian with bends; without any it is an honest one."""

    def __init__(
        self,
        active: list[Bend],
        own_time_us: Callable[[], int],
        **parts: Any,  # noqa: ANN401 - the arguments of Custodian
    ) -> None:
        """``own_time_us``  reads the clock of the custodian's machine."""
        super().__init__(**parts)
        self._active = active
        self._own_time_us = own_time_us
        self._is_releasing = False

    def share(self, deal_id: bytes) -> bytes | None:
        """Give the own container; while a request is decided perhaps a false one."""
        raw = super().share(deal_id)
        if raw is None or not self._is_releasing or self._bend("corrupt_share") is None:
            return raw
        share = decode_container(raw)
        return replace(share, payload=bytes(one ^ 1 for one in share.payload)).encode()

    def handle(self, request: bytes, view: GrantView, now_us: int) -> Answer | None:
        """Decide on a request as the bends have it."""
        withheld = self._bend("withhold_share")
        if withheld is not None:
            withheld.count()
            return None
        self._is_releasing = True
        try:
            answer = super().handle(request, self._seen(view, now_us), now_us)
        finally:
            self._is_releasing = False
        if answer is not None and answer.sealed:
            for bend in self._active:
                bend.count()
        return answer

    def follow(self, view: GrantView) -> tuple[CustodyEvent, ...]:
        """Step at the ends of grants as this custodian has them."""
        return super().follow(self._seen(view, None))

    def take_deposit(self, letter: DepositLetter, view: GrantView) -> DepositTaken:
        """Keep a deposit of a grant that stands by what this custodian goes by."""
        return super().take_deposit(letter, self._seen(view, None))

    def _bend(self, kind: str) -> Bend | None:
        return next((one for one in self._active if one.kind == kind), None)

    def _seen(self, view: GrantView, now_us: int | None) -> GrantView:
        if self._bend("rogue_custodian") is not None:
            return _Seen(
                view, now_us, lambda facts: replace(facts, valid_until_s=NEVER_S, is_revoked=False)
            )
        own = self._bend("own_clock")
        if own is not None:
            ahead_s = (self._own_time_us() + own.ahead_us) // MICROS_PER_SECOND
            ahead_s -= view.head.timestamp_s
            # rule 5 compares with the time of F: moving the grant is moving that time
            return _Seen(
                view,
                now_us,
                lambda facts: replace(
                    facts,
                    valid_from_s=max(0, facts.valid_from_s - ahead_s),
                    valid_until_s=facts.valid_until_s - ahead_s,
                ),
            )
        return view


class _Seen:
    """A ``GrantView`` in which grants are other than the chain has them."""

    def __init__(
        self, view: GrantView, now_us: int | None, bent: Callable[[GrantFacts], GrantFacts]
    ) -> None:
        self._view = view
        self._now_us = now_us
        self._bent = bent

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return self._view.chain_id

    @property
    def head(self) -> Head:
        """F."""
        return self._view.head

    @property
    def head_advanced_us(self) -> int:
        """Now: who does not go by F needs no fresh one."""
        return self._view.head_advanced_us if self._now_us is None else self._now_us

    @property
    def block_period_us(self) -> int:
        """The period of the chain."""
        return self._view.block_period_us

    def block_hash(self, number: int) -> Hash32 | None:
        """Give the hash of F or of its ancestor."""
        return self._view.block_hash(number)

    def is_own_licence_active(self) -> bool:
        """Say whether the own hospital is active."""
        return self._view.is_own_licence_active()

    def is_registered_grantee(self, account: Address) -> bool:
        """Say whether an account may ask at all."""
        return self._view.is_registered_grantee(account)

    def is_active_grantee(self, account: Address) -> bool:
        """Say whether a grantee is active."""
        return self._view.is_active_grantee(account)

    def owner_key(self, account: Address) -> bytes | None:
        """Give the key of a registered patient."""
        return self._view.owner_key(account)

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        """Give a grant as this custodian takes it."""
        facts = self._view.grant(grant_id)
        return None if facts is None else self._bent(facts)

    def emergency(self, emergency_id: bytes) -> EmergencyFacts | None:
        """Give an emergency as the chain has it."""
        return self._view.emergency(emergency_id)

    def doctor_key(self, account: Address) -> bytes | None:
        """Give a doctor's key."""
        return self._view.doctor_key(account)

    def record(self, deal_id: bytes) -> RecordFacts | None:
        """Give the record of a deal."""
        return self._view.record(deal_id)
