"""Who may have which block of this node, as its final state has it (content-store.md, section 12).

The rules that stand for good, of owners and of those who were chosen to keep a copy, are written
with the bytes.  Here the grants of the ledger become rules: of each deal in custody, for the
hospitals of those whom the patient let read.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from node.app.chain_desk import ChainDesk
from node.app.custody_desk import CustodyDesk
from node.app.final_book import Changes
from node.app.final_view import FinalView
from node.app.store_desk import StoreDesk
from node.app.turn import Turn
from node.base.errors import RefusedError, StorageError, UnavailableError
from node.base.limits import STALL_PERIODS_COUNT_MAX
from node.base.types import MICROS_PER_SECOND, ZERO_ADDRESS, Address, Cid
from node.contracts.suite import ContractSuite
from node.evm.blooms import EMPTY_BLOOM, may_hold
from node.ipfs_lite.access import (
    GRANT,
    HEAD_AGE_US_MAX,
    ConsentFilter,
    FinalHead,
    is_recent,
)
from node.ipfs_lite.blocks import AccessRule
from node.ipfs_lite.blockstore import BlockStore
from node.privacy.emergency import emergency_grant_id, end_of
from node.privacy.release_facts import covers, is_open

_NEVER: Final = 0
"""A head that nobody has seen coming is old: a restarted node grants nothing before the next."""


class AccessDesk:
    """The consent filter of a node, and the rules behind it."""

    def __init__(self, store: BlockStore, chain: ChainDesk, contracts: ContractSuite) -> None:
        self._store = store
        self._filter = ConsentFilter(store)
        self._chain = chain
        self._contracts = contracts
        self._watched = tuple(
            one.address
            for one in (
                contracts.doctors,
                contracts.hospitals,
                contracts.government,
            )
        )
        periods_us = STALL_PERIODS_COUNT_MAX * chain.plan.period_s * MICROS_PER_SECOND
        self._age_us_max = max(HEAD_AGE_US_MAX, periods_us)
        """As patient as custodians are: who gets shares of them gets fragments here."""
        self._head = self._seen(_NEVER)
        self._rules: dict[Cid, tuple[AccessRule, ...]] = {}
        """Grants by manifest, as they were written last."""
        self._custody: CustodyDesk | None = None
        self._stores: StoreDesk | None = None
        self._deals: tuple[bytes, ...] = ()
        """Those in custody when it was looked last."""
        self._due: dict[bytes, None] | None = None
        """Deals whose rules must be written again; None: all."""
        self._starts: set[int] = set()
        """Times ahead, in seconds, at which some rule begins to count."""

    def follow(self, custody: CustodyDesk, stores: StoreDesk) -> None:
        """Follow the final block, behind the desk that reads its grants."""
        self._custody, self._stores = custody, stores
        self._chain.on_head.append(self.head_moved)
        custody.on_changes.append(self._records_changed)
        custody.on_left.append(self._left)

    def allowed(self, peer: Address, multihash: bytes, now: int) -> bool:
        """Say whether a peer may have a block."""
        return self._filter.allowed(peer, multihash, self._head, now).is_allowed

    def head_moved(self, turn: Turn) -> None:
        """Follow the final block: its time and its grants are those that count now.

        What cannot be read or written leaves the old head, so that grants end when it is too old;
        the same blocks are looked at again with the next one.
        """
        assert self._custody is not None
        assert self._stores is not None
        final, old = self._chain.final, self._head
        if final.hash() == old.hash:
            return
        deals = self._custody.custodian.store.deals()
        has_changed = not is_recent(old, turn.now)
        try:
            if self._is_touched(old, final.number):
                self._due = None
            due = deals if self._due is None else self._also_new(self._due, deals)
            self._due = None  # until all of them are written
            if due:
                has_changed |= self._write(due, self._custody.view())
            self._deals, self._due = deals, {}
        except (UnavailableError, RefusedError, StorageError) as error:
            turn.note("store.access_unknown", number=final.number, why=str(error))
            return
        self._head = self._seen(turn.now)
        begun = {start for start in self._starts if start <= final.timestamp}
        self._starts -= begun
        has_changed |= bool(begun)
        if has_changed:
            self._stores.access_changed(turn)

    def _seen(self, now: int) -> FinalHead:
        final = self._chain.final
        return FinalHead(final.number, final.hash(), final.timestamp, now, self._age_us_max)

    def _records_changed(self, _turn: Turn, changes: Changes) -> None:
        """Have the deals of changed records looked at again, each block those of a few."""
        assert self._custody is not None
        if changes.is_anew or changes.has_recovery:
            self._due = None
        elif self._due is not None:
            self._due |= dict.fromkeys(self._custody.places.of_records(changes.touched))

    def _left(self, deal_id: bytes) -> None:
        """Have a deal looked at again that was left for emergencies."""
        if self._due is not None:
            self._due[deal_id] = None

    def _also_new(self, due: dict[bytes, None], deals: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Give what is due, and the deals that were not in custody before, in their order."""
        if deals is not self._deals:
            known = frozenset(self._deals)
            due = due | {one: None for one in deals if one not in known}
        return tuple(sorted(due))

    def _is_touched(self, old: FinalHead, number: int) -> bool:
        """Say whether a block that became final can have changed who is active, and where."""
        ledger = self._chain.ledger
        if ledger.hash_by_number(old.number) != old.hash:
            return True
        for one in range(old.number + 1, number + 1):
            header = ledger.header_by_number(one)
            assert header is not None, "the chain has every number up to its final block"
            if header.logs_bloom != EMPTY_BLOOM and any(
                may_hold(header.logs_bloom, address) for address in self._watched
            ):
                return True
        return False

    def _write(self, deals: Iterable[bytes], view: FinalView) -> bool:
        """Write the grants of deals; say whether any rule is another one now."""
        has_changed = False
        for deal_id in deals:
            root = view.manifest_of(deal_id)
            if root is None:
                continue
            rules = tuple(self._granted(view, deal_id, root))
            if rules != self._rules.get(root):
                self._store.set_rules(root, rules)
                self._rules[root] = rules
                now_s = view.head.timestamp_s
                self._starts.update(one.not_before_s for one in rules if one.not_before_s > now_s)
                has_changed = True
        return has_changed

    def _granted(self, view: FinalView, deal_id: bytes, root: Cid) -> Iterator[AccessRule]:
        """Give the rules of a deal: for its patient, for who holds shares of it, for grantees.

        In an emergency also for its doctor, if the patient has left the deal for emergencies.
        """
        record = view.record(deal_id)
        if record is None or not is_open(record):
            return
        assert self._custody is not None
        home = view.home_of(record.patient)  # patients read their own records there
        others = (*view.seated(deal_id), *(() if home is None else (home,)))
        for operator in dict.fromkeys(others):
            if operator != ZERO_ADDRESS:
                yield AccessRule(root, operator, GRANT)
        left_id = emergency_grant_id(view.chain_id, record.patient_id)
        if self._custody.custodian.grant_share(left_id, deal_id) is not None:
            for emergency in view.emergencies_of(record.patient_id):
                window = emergency.at_s, end_of(emergency)
                for operator in view.operators_of(emergency.doctor):
                    if operator != ZERO_ADDRESS:
                        yield AccessRule(root, operator, GRANT, *window)
        for grant in view.grants_of(record.patient):
            if grant.is_revoked or not covers(grant, record):
                continue
            for operator in view.operators_of(grant.grantee):
                if operator != ZERO_ADDRESS:
                    yield AccessRule(root, operator, GRANT, grant.valid_from_s, grant.valid_until_s)
