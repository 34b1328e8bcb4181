"""How much block gas each sender has left: a token bucket per sender, refilled by blocks.

A transaction costs its gas limit, not what it used: that is what a builder has to keep free for
it, and with less a cheap transaction with a large limit could end every block early.
Source: network.md section 10.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from node.base.limits import GAS_BUDGET_BLOCKS_MAX
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.evm.roles import ALLOWANCES, Role

_EVERY_APPLICANT: Final = ZERO_ADDRESS
"""Applicants share one purse; nobody can sign for this address."""


class _Charge(NamedTuple):
    purse: Address
    gas: int
    number: int


@dataclass(slots=True)
class _Spent:
    """Gas of a purse that is not refilled yet; the fuller the bucket, the less is spent."""

    gas: int
    per_block: int


class Budgets:
    """The purses of all senders whose transactions stood in the last blocks."""

    def __init__(self, number: int) -> None:
        self._number = number
        """The highest block that was seen: each height refills once, whatever branch it is on."""
        self._spent: dict[Address, _Spent] = {}
        self._charges: dict[Hash32, _Charge] = {}
        """What a reorganisation would give back, by transaction."""

    def left(self, sender: Address, role: Role) -> int | None:
        """Give the gas that a sender may use in the next block; None: no limit."""
        most = ALLOWANCES[role].gas_max
        if most is None:
            return None
        spent = self._spent.get(_purse(sender, role))
        return most if spent is None else most - spent.gas

    def spending(self) -> "Spending":
        """Begin a block."""
        return Spending(self)

    def charge(self, transaction_hash: Hash32, sender: Address, role: Role, gas: int) -> None:
        """Take the gas of a transaction that stands in the chain now."""
        per_block = ALLOWANCES[role].block_gas
        if per_block is None:
            return
        purse = _purse(sender, role)
        before = self._spent.get(purse)
        self._spent[purse] = _Spent(gas + (0 if before is None else before.gas), per_block)
        self._charges[transaction_hash] = _Charge(purse, gas, self._number)

    def refund(self, transaction_hash: Hash32) -> None:
        """Give back the gas of a transaction that left the chain; an unknown one is fine."""
        charge = self._charges.pop(transaction_hash, None)
        spent = None if charge is None else self._spent.get(charge.purse)
        if charge is not None and spent is not None:
            spent.gas -= charge.gas
            self._forget_full()

    def head_at(self, number: int) -> None:
        """Refill for the blocks up to ``number``."""
        blocks = number - self._number
        if blocks <= 0:
            return
        self._number = number
        for spent in self._spent.values():
            spent.gas -= blocks * spent.per_block
        self._forget_full()
        # an older charge is refilled, so that there is nothing to give back
        oldest = number - GAS_BUDGET_BLOCKS_MAX
        self._charges = {
            name: charge for name, charge in self._charges.items() if charge.number > oldest
        }

    def _forget_full(self) -> None:
        self._spent = {purse: spent for purse, spent in self._spent.items() if spent.gas > 0}


class Spending:
    """What senders have left while a block is put together; the budgets stay as they are."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self._left: dict[Address, int | None] = {}

    def take(self, sender: Address, role: Role, gas: int) -> bool:
        """Take gas for a transaction, or say that there is not enough."""
        purse = _purse(sender, role)
        if purse not in self._left:
            self._left[purse] = self._budgets.left(sender, role)
        left = self._left[purse]
        if left is None:
            return True
        if left < gas:
            return False
        self._left[purse] = left - gas
        return True


def _purse(sender: Address, role: Role) -> Address:
    return _EVERY_APPLICANT if role is Role.APPLICANT else sender
