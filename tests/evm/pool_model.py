"""The pool once more, slow and plain: one sorted list, and every answer worked out from it anew.

It shares no code with the pool but the table of limits, and keeps no sum, no index and no cache.
"""

from dataclasses import dataclass

from node.evm.roles import ALLOWANCES, Role

EXECUTABLE, WAITING = 30, 12
"""Room of the small pools that are compared."""
HOURS_3_US = 3 * 3_600 * 10**6


@dataclass
class Item:
    transaction: object
    role: Role
    arrival: int
    arrived_us: int

    @property
    def key(self):
        return (self.transaction.sender, self.transaction.nonce)


class Model:
    def __init__(self, chain, register):
        self.chain = chain
        self.register = register
        self.items = []
        self.arrivals = 0
        self.replaced = []
        self.purses = {}
        """What happened to each, in order: (height, "use", gas, gas per block from then on), or
        (height, "back", gas, the height of its use)."""
        self.used = {}
        """By transaction: purse, gas, height."""
        self.height = chain.head.number

    # -- looking

    def nonce(self, sender):
        return self.chain.state().get_nonce(sender)

    def of(self, sender):
        items = [item for item in self.items if item.transaction.sender == sender]
        return sorted(items, key=lambda item: item.transaction.nonce)

    def run(self, sender):
        run = []
        for item in self.of(sender):
            if item.transaction.nonce != self.nonce(sender) + len(run):
                break
            run.append(item)
        return run

    def missing(self, sender):
        return self.nonce(sender) + len(self.run(sender))

    def senders(self):
        return sorted({item.transaction.sender for item in self.items})

    def executable(self):
        return [item for sender in self.senders() for item in self.run(sender)]

    def hashes(self):
        return sorted(item.transaction.hash for item in self.items)

    # -- doing

    def add(self, transaction, now_us):
        """Give the name of the error, or None."""
        items = {item.transaction.hash for item in self.items}
        place = self.chain.transaction_place(transaction.hash)
        if transaction.hash in items or (
            place is not None and self.chain.head.number - place.number < 256
        ):
            return "AlreadyKnownError"
        return self.admit(transaction, now_us, None)

    def admit(self, transaction, now_us, arrival):
        sender, nonce = transaction.sender, transaction.nonce
        role = self.register.role_of(sender)
        if role is None and not self.register.is_application(transaction):
            return "SenderNotRegisteredError"
        role = Role.APPLICANT if role is None else role
        allowance = ALLOWANCES[role]
        if allowance.gas_max is not None and transaction.gas > allowance.gas_max:
            return "GasBudgetError"
        if nonce < self.nonce(sender) or nonce > self.missing(sender) + allowance.waiting:
            return "NonceError"
        old = next((item for item in self.items if item.key == (sender, nonce)), None)
        if old is not None:
            if not self.may_replace(old.transaction, transaction):
                return "ReplacementUnderpricedError"
            arrival = old.arrival
            self.items.remove(old)
        else:
            mine = len(self.of(sender))
            can_run = nonce == self.missing(sender)
            if can_run and len(self.run(sender)) >= allowance.executable:
                return "AccountLimitError"
            if mine >= allowance.executable + allowance.waiting:
                return "AccountLimitError"
            if not self.make_room(role, can_run):
                return "PoolFullError"
        if arrival is None:
            self.arrivals += 1
            arrival = self.arrivals
        for item in self.of(sender):
            item.role = role
        self.items.append(Item(transaction, role, arrival, now_us))
        return None

    def may_replace(self, old, new):
        if old.max_fee == 0 and new.max_fee == 0:
            if (new.sender, new.nonce) in self.replaced:
                return False
            self.replaced.append((new.sender, new.nonce))
            return True
        rises = new.max_fee > old.max_fee
        return rises and all(
            10 * after >= 11 * before
            for before, after in ((old.max_fee, new.max_fee), (old.max_tip, new.max_tip))
        )

    def make_room(self, role, can_run):
        running = self.executable()
        if can_run and len(running) >= EXECUTABLE:
            counted = running
        elif not can_run and len(self.items) - len(running) >= WAITING:
            counted = [item for item in self.items if item not in running]
        elif len(self.items) >= EXECUTABLE + WAITING:
            counted = self.items
        else:
            return True
        loads = {}
        for item in counted:
            if item.role > role:
                loads.setdefault(item.transaction.sender, []).append(item)
        if not loads:
            return False
        worst = max(
            loads.values(),
            key=lambda items: (
                len(items),
                items[0].role,
                self.of(items[0].transaction.sender)[0].arrival,
            ),
        )
        self.items.remove(max(worst, key=lambda item: item.transaction.nonce))
        return True

    def head_changed(self, dropped, now_us, changed):
        self.replaced = []
        self.height = max(self.height, self.chain.head.number)
        for item in sorted(self.items, key=lambda item: item.key):
            transaction = item.transaction
            if transaction.nonce < self.nonce(transaction.sender):
                self.items.remove(item)
                if self.chain.transaction_place(transaction.hash) is not None:
                    self.use(transaction, item.role)
        by_first = sorted(self.senders(), key=self.first_put)
        for sender in by_first:
            if sender in changed and self.register.role_of(sender) is not self.of(sender)[0].role:
                again = self.of(sender)
                self.items = [item for item in self.items if item not in again]
                for item in again:
                    self.admit(item.transaction, item.arrived_us, item.arrival)
        for transaction in dropped:
            purse, gas, then = self.used.pop(transaction.hash, (None, 0, 0))
            if purse is not None:
                self.purses[purse].append((self.height, "back", gas, then))
            self.add(transaction, now_us)

    def use(self, transaction, role):
        rate = ALLOWANCES[role].block_gas
        if rate is not None:
            purse = "all" if role is Role.APPLICANT else transaction.sender
            event = (self.height, "use", transaction.gas, rate)
            self.purses.setdefault(purse, []).append(event)
            self.used[transaction.hash] = (purse, transaction.gas, self.height)

    def first_put(self, sender):
        return [item.transaction.sender for item in self.items].index(sender)

    def expire(self, now_us):
        self.items = [item for item in self.items if now_us - item.arrived_us < HOURS_3_US]

    def remove(self, transaction_hash):
        self.items = [item for item in self.items if item.transaction.hash != transaction_hash]

    # -- building

    def left(self, purse, role):
        """Replay all that ever happened to a purse."""
        spent, rate, before = 0, 0, 0
        for height, what, gas, then in (*self.purses.get(purse, ()), (self.height, "look", 0, 0)):
            spent = max(0, spent - rate * (height - before))
            before = height
            if what == "use":
                spent, rate = spent + gas, then
            elif what == "back" and height - then < 10:  # else it is refilled already
                spent = max(0, spent - gas)
        return ALLOWANCES[role].gas_max - spent

    def candidates(self):
        """Give the hashes in the order of building."""
        left, offered = {}, []
        for wants_regulators in (True, False):
            lines = [
                run
                for run in map(self.run, self.senders())
                if run and (run[0].role is Role.REGULATOR) is wants_regulators
            ]
            lines.sort(key=lambda run: run[0].arrival)
            while lines:
                for line in list(lines):
                    item = line.pop(0)
                    if not self.affords(item, left):
                        line.clear()
                    else:
                        offered.append(item.transaction.hash)
                    if not line:
                        lines.remove(line)
        return offered

    def affords(self, item, left):
        if ALLOWANCES[item.role].block_gas is None:
            return True
        purse = "all" if item.role is Role.APPLICANT else item.transaction.sender
        if purse not in left:
            left[purse] = self.left(purse, item.role)
        if left[purse] < item.transaction.gas:
            return False
        left[purse] -= item.transaction.gas
        return True
