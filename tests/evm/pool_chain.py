"""A ledger and registries that do what a test says: only what a pool asks of them."""

from dataclasses import replace

from node.base.types import EMPTY_CODE_HASH
from node.evm.forks import LONDON
from node.evm.pool import Pool
from node.evm.roles import Role
from node.storage.chain_data import Place
from tests.evm.chains import CHAIN_ID, VERIFIER, ledger, legacy

_GENESIS = ledger().head


class State:
    def __init__(self, nonces):
        self._nonces = nonces

    def get_nonce(self, address):
        return self._nonces.get(address, 0)

    def get_balance(self, _address):
        return 10**18

    def get_code_hash(self, _address):
        return EMPTY_CODE_HASH


class Chain:
    """Blocks of transactions; whatever a block holds, it uses those nonces."""

    def __init__(self, number=0, **header):
        self._first = number
        self._header = header
        self._blocks = []
        self._nonces = [{}]
        """After the beginning and each block."""
        self._places = {}

    def __len__(self):
        return len(self._blocks)

    @property
    def head(self):
        number = self._first + len(self)
        return replace(_GENESIS, number=number, timestamp=5 * number, **self._header)

    def state(self, at=None):
        assert at is None
        return State(self._nonces[-1])

    def transaction_place(self, transaction_hash):
        return self._places.get(transaction_hash)

    def grow(self, *transactions, blocks=1):
        """Add a block of these transactions, and empty ones."""
        for block in (transactions, *((),) * (blocks - 1)):
            self._blocks.append(block)
            number = self.head.number
            for position, each in enumerate(block):
                self._places[each.hash] = Place(bytes(32), number, position)
            used = {each.sender: each.nonce + 1 for each in block}
            self._nonces.append(self._nonces[-1] | used)

    def leave(self, blocks=1):
        """Remove the newest blocks; give their transactions, oldest first."""
        gone = self._blocks[-blocks:]
        del self._blocks[-blocks:]
        del self._nonces[-blocks:]
        for block in gone:
            for each in block:
                del self._places[each.hash]
        return [each.raw for block in gone for each in block]


class Register:
    """``Roles`` from a dict; the transactions of ``applications`` apply for a Hospital-ID."""

    def __init__(self, roles=None, *, others=None):
        self.roles = dict(roles or {})
        self.others = others
        self.asked = []

    def role_of(self, sender):
        self.asked.append(sender)
        return self.roles.get(sender, self.others)

    def is_application(self, transaction):
        return transaction.data.startswith(b"apply")


def pool_on(chain, roles=None):
    """Give a pool; without ``roles`` everybody is a hospital."""
    return Pool(
        chain,
        chain_id=CHAIN_ID,
        profile=LONDON,
        verifier=VERIFIER,
        roles=Register(others=Role.HOSPITAL) if roles is None else roles,
    )


def application(key, nonce=0, more=b"", **fields):
    return legacy(key, nonce, data=b"apply" + more, **fields)


def order(pool):
    """Give (sender, nonce) of the candidates."""
    return [(each.sender, each.nonce) for each in pool.candidates()]


def placed(*pairs):
    """Give the same for keys."""
    return [(key.address, nonce) for key, nonce in pairs]
