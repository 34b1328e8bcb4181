"""Seeded random programs and blocks of transactions that run them."""

import random
from dataclasses import dataclass, field

from node.base.keys import PrivateKey
from node.base.types import Address
from node.evm.genesis import GenesisAccount
from node.evm.receipts import contract_address
from node.evm.transactions import sign_access_list, sign_dynamic_fee, sign_legacy
from tests.evm.asm import COUNTER, LOGGER, REVERTER, asm, initcode, push
from tests.evm.precompile_inputs import precompile_input

PRECOMPILES = tuple(Address(n.to_bytes(20)) for n in (1, 2, 3, 4, 5, 9))
_READS = (
    "TIMESTAMP", "NUMBER", "GASLIMIT", "CHAINID", "COINBASE", "SELFBALANCE", "BASEFEE", "ORIGIN",
    "CALLER", "GASPRICE", "PC", "CALLDATASIZE", "CODESIZE", "MSIZE", "GAS", "RETURNDATASIZE",
    "ADDRESS", "DIFFICULTY",
)  # fmt: skip
_FIXED = {
    "sload": "PUSH 1 SLOAD POP",
    "calldata": "PUSH 40 PUSH 3 PUSH 5 CALLDATACOPY",
    "returndata": "RETURNDATASIZE PUSH 0 PUSH 0 RETURNDATACOPY",
}
_DEADLY = {
    "revert": "PUSH 32 PUSH 0 REVERT",
    "underflow": "ADD ADD ADD",
    "burn": "JUMPDEST PC PUSH 1 SWAP1 SUB JUMP",
    "wild jump": "PUSH 1 JUMP",
    "far memory": "PUSH 0x0100000000 MLOAD",
    "farther memory": "PUSH 0xffffffffffffffffffffffffffffffff MLOAD",
    "beyond returndata": "PUSH 1 RETURNDATASIZE PUSH 0 RETURNDATACOPY",
}
_CALLS = ("CALL", "CALL", "CALL", "STATICCALL", "DELEGATECALL", "CALLCODE")
_CODE_SIZES = (0, 1, 24_576, 24_577)
_INITCODE_SIZES = (49_152, 49_153)


def in_memory(data: bytes) -> bytes:
    """Give code that writes data to memory from 0 on."""
    words = (data[at : at + 32].ljust(32, b"\0") for at in range(0, len(data), 32))
    return b"".join(push(word) + push(32 * n) + asm("MSTORE") for n, word in enumerate(words))


@dataclass
class Author:
    """Writes transactions whose nonces follow each other."""

    rng: random.Random
    keys: list[PrivateKey]
    chain_id: int
    cancun: bool = False
    highest_type: int = 2
    is_protected: bool = True
    """Legacy transactions name the chain."""
    nonces: dict[Address, int] = field(default_factory=dict)
    known: list[Address] = field(default_factory=list)
    """Contracts that may exist, and accounts."""

    def standing(self, count: int) -> dict[Address, GenesisAccount]:
        """Write contracts that stand in the genesis, so that the first calls find code."""
        rng = self.rng
        places = [Address(bytes([0xA0 + at]) * 20) for at in range(count)]
        self.known += places
        codes = [REVERTER, LOGGER, asm("CALLER SELFDESTRUCT")]
        codes += [self.program(rng.randrange(5, 25)) for _ in places[3:]]
        return {
            place: GenesisAccount(
                nonce=1,
                balance=rng.choice([0, 1, 10**6]),
                code=code,
                storage={slot: rng.choice([1, 2, 2**255]) for slot in range(rng.randrange(4))},
            )
            for place, code in zip(places, codes, strict=True)
        }

    def address(self) -> Address:
        if self.rng.random() < 0.75 and self.known:
            # The first stand in the genesis; of the others some were never made.
            return self.rng.choice(self.known[: self.rng.choice([13, None])])
        pool = [*PRECOMPILES, *(key.address for key in self.keys), Address(self.rng.randbytes(20))]
        return self.rng.choice(pool)

    def statement(self, depth: int = 0) -> bytes:
        """Give code that leaves the stack as it was."""
        rng = self.rng
        kinds = ["sstore"] * 4 + ["log", "log", "account", *["call"] * 5, "keccak", "read", "guard"]
        kinds += ["mstore", "hash", "precompile", "precompile", *_FIXED]
        if depth < 2:
            kinds += ["create", "create2"]
        if rng.random() < 0.02:
            kinds = ["recurse", "big_code", "big_initcode", "far_copy"]
        if self.cancun:
            kinds += ["tstore", "mcopy"] * 2
        if rng.random() < 0.02:
            kinds = ["destruct", "destruct", "invalid", *_DEADLY]
        kind = rng.choice(kinds)
        if kind in _FIXED:
            return asm(_FIXED[kind])
        if kind in _DEADLY:
            return asm(_DEADLY[kind])
        if kind.startswith("create"):
            salt = push(rng.randrange(3)) if kind == "create2" else b""
            return self.create(asm(kind.upper()), salt, depth)
        code: bytes = getattr(self, kind)()
        return code

    def sstore(self) -> bytes:
        return push(self.rng.choice([0, 0, 1, 2, 2**255])) + self.store()

    def store(self) -> bytes:
        return push(self.rng.randrange(4)) + asm("SSTORE")

    def log(self) -> bytes:
        count = self.rng.randrange(5)
        topics = b"".join(push(self.rng.randbytes(32)) for _ in range(count))
        return topics + push(self.rng.randrange(70)) + push(3) + bytes((0xA0 + count,))

    def account(self) -> bytes:
        op = self.rng.choice(["BALANCE", "EXTCODESIZE", "EXTCODEHASH"])
        return push(self.address()) + asm(f"{op} PUSH 0 MSTORE")

    def keccak(self) -> bytes:
        return push(self.rng.randrange(90)) + asm("PUSH 1 SHA3") + self.store()

    def read(self) -> bytes:
        return asm(self.rng.choice(_READS)) + self.store()

    def guard(self) -> bytes:
        """Revert unless the first word of the call data is zero."""
        body = asm("PUSH 0 PUSH 0 REVERT").rjust(6, bytes([0x5B]))
        return asm("PUSH 0 CALLDATALOAD ISZERO PC PUSH 11 ADD JUMPI") + body + asm("JUMPDEST")

    def mstore(self) -> bytes:
        return push(self.rng.randbytes(32)) + push(self.rng.randrange(300)) + asm("MSTORE")

    def hash(self) -> bytes:
        return push(self.rng.randrange(4)) + asm("NUMBER SUB BLOCKHASH") + self.store()

    def tstore(self) -> bytes:
        slots = push(self.rng.randrange(4)), push(self.rng.randrange(4))
        value = push(self.rng.randrange(3))
        return value + slots[0] + asm("TSTORE") + slots[1] + asm("TLOAD") + self.store()

    def mcopy(self) -> bytes:
        return push(33) + push(self.rng.randrange(64)) + push(self.rng.randrange(64)) + asm("MCOPY")

    def destruct(self) -> bytes:
        return push(self.address()) + asm("SELFDESTRUCT")

    def invalid(self) -> bytes:
        return bytes((self.rng.choice([0xFE, 0x0C, 0x5C, 0xEF]),))

    def call(self) -> bytes:
        rng = self.rng
        kind = rng.choice(_CALLS)
        gas = rng.choice([push(0), push(700), push(90_000), push(400_000), asm("GAS")])
        value = push(rng.choice([0, 0, 0, 1, 10**30])) if kind in ("CALL", "CALLCODE") else b""
        memory = push(32) + push(0) + push(rng.choice([0, 32, 68])) + push(0)
        return (
            memory
            + value
            + push(self.address())
            + gas
            + asm(kind)
            + push(rng.randrange(4))
            + asm("SSTORE")
        )

    def precompile(self) -> bytes:
        """Give a precompiled contract an input that it nearly knows; keep what comes back."""
        rng = self.rng
        address, data = precompile_input(rng, cancun=self.cancun)
        kind = rng.choice(_CALLS)
        value = push(rng.choice([0, 0, 1])) if kind in ("CALL", "CALLCODE") else b""
        gas = push(rng.choice([0, 3_000, 60_000, 2**64]))
        ask = push(64) + push(0) + push(len(data)) + push(0) + value + push(address) + gas
        answer = asm("RETURNDATASIZE ADD PUSH 64 PUSH 0 SHA3 ADD")
        return in_memory(data) + ask + asm(kind) + answer + self.store()

    def recurse(self) -> bytes:
        """Call this very contract with all gas: the 63/64 rule or the depth limit ends it."""
        return asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 0 ADDRESS GAS CALL") + self.store()

    def big_code(self) -> bytes:
        """Make a contract of zeros (EIP-170), or one that begins with 0xEF (EIP-3541)."""
        rng = self.rng
        first = rng.choice([asm("PUSH 0xef PUSH 0 MSTORE8"), b"", b""])
        made = first + push(rng.choice(_CODE_SIZES)) + asm("PUSH 0 RETURN")
        head = in_memory(made) + push(len(made)) + asm("PUSH 0 PUSH 0 CREATE")
        return head + asm("EXTCODESIZE") + self.store()

    def big_initcode(self) -> bytes:
        """Make a contract with as much initcode as EIP-3860 allows, or a byte more."""
        return push(self.rng.choice(_INITCODE_SIZES)) + asm("PUSH 0 PUSH 0 CREATE") + self.store()

    def far_copy(self) -> bytes:
        """Copy from far behind the end of something, or nothing to far behind the memory."""
        rng = self.rng
        op = rng.choice(["CODECOPY", "CALLDATACOPY", "EXTCODECOPY"])
        size, to = rng.choice([(40, 3), (0, 2**255)])
        source = push(rng.choice([0, 2**64, 2**256 - 1]))
        place = push(self.address()) if op == "EXTCODECOPY" else b""
        return push(size) + source + push(to) + place + asm(op)

    def create(self, op: bytes, salt: bytes, depth: int) -> bytes:
        inner = self.program(self.rng.randrange(4), depth + 1)
        if self.rng.random() < 0.6:
            inner = initcode(self.program(self.rng.randrange(1, 4), depth + 1), inner)
        value = push(self.rng.choice([0, 0, 1]))
        made = in_memory(inner) + salt + push(len(inner)) + push(0) + value + op
        return made + asm("PUSH 5 SSTORE")

    def program(self, statements: int, depth: int = 0) -> bytes:
        return b"".join(self.statement(depth) for _ in range(statements))

    def deployment(self) -> bytes:
        rng = self.rng
        special = [COUNTER, REVERTER, LOGGER, b"", b"\xef\x00", bytes(24_577)]
        if rng.random() < 0.3:
            return initcode(rng.choice(special), self.program(1))
        runtime = self.program(rng.randrange(1, 12))
        return initcode(runtime, self.program(rng.randrange(3)))

    def transaction(self) -> bytes:
        rng = self.rng
        key = rng.choice(self.keys)
        nonce = self.nonces.get(key.address, 0)
        self.nonces[key.address] = nonce + 1
        to: Address | None
        if rng.random() < 0.3 or not self.known:
            to, data = None, self.deployment()
            self.known.append(contract_address(key.address, nonce))
        else:
            to = self.address()
            data = rng.choice([b"", bytes(32), rng.randbytes(32), rng.randbytes(5)])
        gas = rng.choice([90_000, 300_000, 300_000, 1_000_000]) + 16 * len(data)
        if to is None:
            gas += 32_000 + 2 * len(data)
        common = {
            "chain_id": self.chain_id,
            "nonce": nonce,
            "to": to,
            "data": data,
            "gas": gas,
            "value": rng.choice([0, 0, 1, 12345]),
        }
        slots = ((self.address(), (0, rng.randrange(4))),) if rng.random() < 0.6 else ()
        kind = rng.randrange(4)
        if not self.is_protected:
            common["chain_id"] = None
        if kind == 0 and self.highest_type >= 1:
            return sign_access_list(key, gas_price=rng.choice([7, 20]), access_list=slots, **common)
        if kind == 1 and self.highest_type >= 2:
            return sign_dynamic_fee(
                key, max_fee=30, max_tip=rng.choice([0, 3, 30]), access_list=slots, **common
            )
        return sign_legacy(key, gas_price=rng.choice([7, 9]), **common)
