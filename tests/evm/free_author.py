"""Random transactions without fees, and the genesis they begin on; needs no second executor."""

from node.base.types import Address
from node.evm.genesis import GenesisAccount
from node.evm.receipts import contract_address
from node.evm.transactions import sign_access_list, sign_dynamic_fee
from tests.evm.asm import COUNTER, asm, initcode, push
from tests.evm.chains import KEYS, legacy
from tests.evm.programs import Author

RICH = 10**24
OLD = Address(b"\x0d" * 20)


class FreeAuthor(Author):
    """Writes transactions without fees, most of them such that revm runs them."""

    blockhash = False

    def hash(self) -> bytes:
        return super().hash() if self.blockhash else self.read()

    def address(self) -> Address:
        return super().address() if self.rng.random() < 0.9 else Address(bytes(19) + b"\x0a")

    def destruct(self) -> bytes:
        kinds = [push(self.address()), asm("ADDRESS"), asm("CALLER")]
        return self.rng.choice(kinds) + asm("SELFDESTRUCT")

    def free(self) -> bytes:
        """Give a transaction without a fee."""
        rng = self.rng
        key = rng.choice(self.keys)
        nonce = self.nonces.get(key.address, 0)
        self.nonces[key.address] = nonce + 1
        if rng.random() < 0.3 or len(self.known) < 3:
            to, data = None, self.body()
            self.known.append(contract_address(key.address, nonce))
        else:
            to = self.address()
            data = rng.choice([b"", bytes(32), rng.randbytes(32), rng.randbytes(5)])
        gas = rng.choice([60_000, 300_000, 300_000, 1_000_000]) + 16 * len(data)
        if to is None:
            gas += 32_000 + 2 * len(data)
        value = rng.choice([0, 0, 1, 12345])
        common = {"nonce": nonce, "to": to, "data": data, "gas": gas, "value": value}
        slots = ((self.address(), (0, rng.randrange(4))),) if rng.random() < 0.1 else ()
        kind = rng.randrange(4)
        if kind == 0:
            price = rng.choice([0, 0, 0, 3])
            return sign_access_list(
                key, chain_id=self.chain_id, gas_price=price, access_list=slots, **common
            )
        if kind == 1:
            fees = rng.choice([(0, 0), (9, 0), (30, 0), (30, 2)])
            return sign_dynamic_fee(
                key,
                chain_id=self.chain_id,
                max_fee=fees[0],
                max_tip=fees[1],
                access_list=slots,
                **common,
            )
        return legacy(key, chain_id=self.chain_id, gas_price=0, **common)

    def body(self) -> bytes:
        """Give initcode: of a program, of a self-destructing one, of noise, or only noise."""
        rng = self.rng
        kind = rng.randrange(8)
        if kind == 0:
            return rng.randbytes(rng.randrange(1, 40))
        if kind == 1:
            return initcode(rng.randbytes(rng.randrange(1, 60)))
        if kind == 2:
            return self.program(2) + self.destruct()
        if kind == 3:
            return initcode(self.program(2) + self.destruct(), self.program(1))
        return self.deployment()


def alloc_of_old() -> dict[Address, GenesisAccount]:
    alloc = {key.address: GenesisAccount(balance=RICH) for key in KEYS}
    alloc[OLD] = GenesisAccount(nonce=1, balance=5, code=COUNTER, storage={0: 41, 1: 2**255, 9: 1})
    return alloc
