"""A block of awkward transactions, each with a name: what clients have disagreed about.

Each case has a contract of its own, so that one that goes wrong does not hide another.
"""

from dataclasses import dataclass, field
from typing import Any

from node.base.types import Address
from node.evm.forks import Profile
from node.evm.genesis import GenesisAccount
from tests.evm.asm import COUNTER, LOGGER, REVERTER, asm, initcode, push
from tests.evm.chains import ALICE, BOB, CAROL, KEYS, SIGNER, legacy
from tests.evm.programs import in_memory

RICH = 10**24
EMPTY = Address(b"\xe0" * 20)
"""Stands in the genesis with nothing in it."""
NOBODY = Address(b"\xe1" * 20)
"""Stands nowhere."""
SETTER, ENDER, COUNTS, LOGS, REVERTS = (Address(bytes([0xC0 + n]) * 20) for n in range(5))
_LIBRARY = {
    SETTER: GenesisAccount(nonce=1, code=asm("PUSH 32 CALLDATALOAD PUSH 0 CALLDATALOAD SSTORE")),
    ENDER: GenesisAccount(nonce=1, balance=9, code=asm("CALLER SELFDESTRUCT")),
    COUNTS: GenesisAccount(nonce=1, code=COUNTER),
    LOGS: GenesisAccount(nonce=1, code=LOGGER),
    REVERTS: GenesisAccount(nonce=1, code=REVERTER),
}
KEEP = asm("RETURNDATASIZE ADD PUSH 0 SSTORE GAS PUSH 1 SSTORE")
"""Stores what a call answered, how long the answer was, and the gas that is left."""


@dataclass
class World:
    """What stands in the genesis, and the transactions of the one block after it."""

    profile: Profile
    alloc: dict[Address, GenesisAccount] = field(default_factory=dict)
    cases: list[tuple[str, bytes]] = field(default_factory=list)
    _nonce: int = 0

    @property
    def is_cancun(self) -> bool:
        return self.profile.has_cancun_header

    def place(self, code: bytes, **account: Any) -> Address:
        """Put a contract into the genesis."""
        address = Address((0xB0 << 144 | len(self.alloc)).to_bytes(20))
        self.alloc[address] = GenesisAccount(**{"nonce": 1, "code": code} | account)
        return address

    def send(self, name: str, to: Address | None, data: bytes = b"", **words: Any) -> None:
        """Add a transaction of ALICE."""
        gas = words.pop("gas", 500_000 + 16 * len(data))
        raw = legacy(ALICE, self._nonce, to, data, gas=gas, **words)
        self._nonce += 1
        self.cases.append((name, raw))

    def run(self, name: str, code: bytes | str, *, times: int = 1, **account: Any) -> Address:
        """Add a contract and calls to it."""
        sent = {key: account.pop(key) for key in ("data", "gas", "value") if key in account}
        place = self.place(asm(code) if isinstance(code, str) else code, **account)
        for n in range(times):
            self.send(f"{name} {n}" if times > 1 else name, place, **sent)
        return place

    def sign(self, name: str, signer: Any, **words: Any) -> None:
        """Add a transaction of a typed kind of ALICE."""
        plain = {"chain_id": 1337, "nonce": self._nonce, "gas": 500_000, "data": b"", "to": COUNTS}
        self._nonce += 1
        self.cases.append((name, signer(ALICE, **plain | words)))


def call(to: Address | str, *, kind: str = "CALL", value: int = 0, gas: int | None = None) -> bytes:
    """Give code that calls; without ``gas`` with all of it."""
    has_value = kind in ("CALL", "CALLCODE")
    words = push(0) * 4 + (push(value) if has_value else b"")
    words += asm(to) if isinstance(to, str) else push(to)
    return words + (asm("GAS") if gas is None else push(gas)) + asm(kind)


def create(code: bytes, *, value: int = 0, salt: int | None = None) -> bytes:
    """Give code that makes a contract from initcode and leaves its address on the stack."""
    tail = push(0) + push(value)
    if salt is None:
        return in_memory(code) + push(len(code)) + tail + asm("CREATE")
    return in_memory(code) + push(salt) + push(len(code)) + tail + asm("CREATE2")


def world(profile: Profile, *, has_empty: bool = True, has_hashes: bool = True) -> World:
    """Give all cases of a profile, with or without the empty account and code with BLOCKHASH."""
    made = World(profile, dict(_LIBRARY))
    made.alloc |= {key.address: GenesisAccount(balance=RICH) for key in KEYS}
    if has_empty:
        made.alloc[EMPTY] = GenesisAccount()
    if has_hashes:
        _hashes(made)
    for add in (
        _values, _slots, _failures, _calls, _statics, _answers, _creations, _sizes,
        _deployments, _endings, _endings_of_new, _numbers, _surroundings, _deep, _newer,
    ):  # fmt: skip
        add(made)
    return made


def _values(w: World) -> None:
    w.send("value to nobody", NOBODY, value=3)
    w.send("nothing to nobody", Address(b"\xe2" * 20))
    w.send("nothing to an empty account", EMPTY)
    w.send("value to the fee recipient", SIGNER, value=1)
    w.send("value to the sender", ALICE.address, value=1)
    w.send("data to nobody", NOBODY, b"\0\1" * 40)
    w.send("no gas is left", BOB.address, gas=21_000, value=1)
    for number in range(1, 11):
        w.send(f"value to precompile {number}", Address(number.to_bytes(20)), value=number % 2)
    w.run("value to a dead account", call(Address(b"\xe3" * 20), value=1) + KEEP, balance=1)
    w.run("no value to a dead account", call(Address(b"\xe4" * 20)) + KEEP)
    w.run("more value than there is", call(NOBODY, value=2) + KEEP, balance=1)
    w.run("value to itself", call("ADDRESS", value=1, gas=0) + KEEP, balance=1)
    w.run("a stipend pays no log", call(LOGS, value=1, gas=0) + KEEP, balance=1)


def _slots(w: World) -> None:
    for first in (0, 1):
        for second in (0, 1, 2):
            for third in (0, 1, 2):
                code = asm(f"PUSH {second} PUSH 0 SSTORE PUSH {third} PUSH 0 SSTORE")
                w.run(f"slot {first} {second} {third}", code, storage={0: first})
    clear = b"".join(asm(f"PUSH 0 PUSH {slot} SSTORE") for slot in range(9))
    w.run("the refund has a limit", clear, storage=dict.fromkeys(range(9), 5))
    w.run("a refund for a slot and its revert", clear + asm("PUSH 0 PUSH 0 REVERT"), storage={0: 1})
    w.run("2,300 gas are not enough to store", "PUSH 1 PUSH 0 SSTORE", gas=21_000 + 2_306)
    w.run("2,301 gas are enough to store 0", "PUSH 0 PUSH 0 SSTORE", gas=21_000 + 2_307)
    w.run("slots are cold again", "PUSH 0 SLOAD PUSH 1 ADD PUSH 0 SSTORE", times=2)
    w.run("a slot far up", "PUSH 1 PUSH 0 NOT SSTORE")


def _failures(w: World) -> None:
    w.run("revert with data", REVERTER)
    w.run("revert with no data", "PUSH 0 PUSH 0 REVERT", value=1)
    w.run("invalid", "INVALID")
    w.run("undefined", b"\x0c")
    w.run("underflow", "PUSH 1 ADD")
    w.run("1,024 words", push(1) * 1_024)
    w.run("1,025 words", push(1) * 1_025)
    w.run("a jump into data", "PUSH 4 JUMP PUSH 0x5b STOP")
    w.run("a jump past the end", "PUSH 0xff JUMP")
    w.run("a jump far past the end", "PUSH 0x010000000000000000 JUMP")
    w.run("a jump that is not taken", "PUSH 0 PUSH 0xff JUMPI")
    w.run("a cut push", b"\x60\x01\x60\x00\x55\x7f\x01")
    w.run("a loop without end", "JUMPDEST PUSH 0 JUMP", gas=60_000)
    w.run("memory far away", "PUSH 0xffffffffff MLOAD")
    w.run("memory very far away", "PUSH 0 NOT MLOAD")
    w.run("nothing very far away", "PUSH 0 PUSH 0 NOT SHA3 PUSH 0 SSTORE")
    w.run("words of memory", "PUSH 1 PUSH 0x7fff MSTORE8 MSIZE PUSH 0 SSTORE GAS PUSH 1 SSTORE")
    w.run("answer beyond the answer", call(REVERTS) + asm("PUSH 5 PUSH 0 PUSH 0 RETURNDATACOPY"))
    w.run("no answer beyond the answer", "PUSH 0 PUSH 1 PUSH 0 RETURNDATACOPY")


def _calls(w: World) -> None:
    for kind in ("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"):
        for name, to in (("counter", COUNTS), ("logger", LOGS), ("reverter", REVERTS)):
            w.run(f"{kind} of a {name}", call(to, kind=kind) + KEEP)
        w.run(f"{kind} of an end", call(ENDER, kind=kind) + KEEP)
        w.run(f"{kind} of nobody", call(NOBODY, kind=kind) + KEEP)
        w.run(f"{kind} with more gas than there is", call(COUNTS, kind=kind, gas=2**63) + KEEP)
        w.run(f"{kind} with no gas", call(COUNTS, kind=kind, gas=0) + KEEP)
    w.run("CALLCODE with value", call(LOGS, kind="CALLCODE", value=1) + KEEP, balance=1)
    inner = w.place(call(COUNTS) + call(LOGS) + asm("PUSH 0 PUSH 0 REVERT"))
    w.run("logs and slots of a frame that reverts", call(inner) + KEEP + call(COUNTS) + LOGGER)
    w.run("an account is warm after a revert of its caller", call(inner) + call(inner) + KEEP)


def _statics(w: World) -> None:
    for name, code in {
        "stores": asm("PUSH 1 PUSH 0 SSTORE"),
        "logs": LOGGER,
        "creates": create(b"\0"),
        "creates by salt": create(b"\0", salt=1),
        "ends": asm("CALLER SELFDESTRUCT"),
        "sends value": call(BOB.address, value=1),
        "sends no value": call(BOB.address),
        "sends value by CALLCODE": call(BOB.address, kind="CALLCODE", value=1),
        "calls what stores": call(COUNTS) + asm("PUSH 0 MSTORE PUSH 32 PUSH 0 RETURN"),
    }.items():
        w.run(f"static: {name}", call(w.place(code, balance=5), kind="STATICCALL") + KEEP)


def _answers(w: World) -> None:
    copied = asm("RETURNDATASIZE PUSH 0 PUSH 0 RETURNDATACOPY RETURNDATASIZE PUSH 0 SHA3")
    keep = copied + asm("PUSH 2 SSTORE") + KEEP
    w.run("the answer of a revert", call(REVERTS) + keep)
    w.run("the answer of a creation that reverts", create(REVERTER) + keep)
    w.run("the answer of a creation", call(REVERTS) + create(initcode(b"\0")) + keep)
    w.run("the answer of nobody", call(REVERTS) + call(NOBODY) + keep)
    w.run("the answer of a call too dear", call(REVERTS) + call(NOBODY, value=1) + keep)
    w.run("an answer longer than its place", call(COUNTS) + keep)


def _creations(w: World) -> None:
    for name, code in {
        "empty": b"",
        "a counter": initcode(COUNTER),
        "reverting": REVERTER,
        "running out of gas": asm("PUSH 0 NOT MLOAD"),
        "beginning with 0xef": initcode(b"\xef"),
        "ending": asm("CALLER SELFDESTRUCT"),
        "storing and failing": asm("PUSH 1 PUSH 0 SSTORE INVALID"),
        "logging": LOGGER,
        "calling its maker": call("CALLER"),
    }.items():
        w.run(f"create: {name}", create(code, value=1) + KEEP, balance=2)
        w.run(f"create by salt: {name}", create(code, salt=7) + KEEP, times=2)
    w.run("create without the money", create(b"", value=1) + KEEP)
    w.run("create with the last nonce", create(b"") + KEEP, nonce=2**64 - 1)
    w.run("create with the nonce before", create(b"") + KEEP, nonce=2**64 - 2)
    w.run("the code of a new contract", create(initcode(COUNTER)) + asm("EXTCODEHASH") + KEEP)
    w.run("too little gas for the code", create(initcode(bytes(900))) + KEEP, gas=230_000)
    with_code = create(initcode(COUNTER), salt=1) + call(COUNTS) + KEEP
    w.run("create by salt what is there", create(initcode(COUNTER), salt=1) + with_code)
    ends = create(asm("CALLER SELFDESTRUCT"), salt=1)
    w.run("create by salt what has ended in this transaction", ends + ends + KEEP)


def _sizes(w: World) -> None:
    for size in (24_576, 24_577):
        code = push(size) + asm("PUSH 0 RETURN")
        w.run(f"{size} bytes of code", create(code) + KEEP, gas=6_000_000)
        w.send(f"{size} bytes of code, deployed", None, code, gas=6_000_000)
    for size in (49_152, 49_153):
        w.run(f"{size} bytes of initcode", push(size) + asm("PUSH 0 PUSH 0 CREATE") + KEEP)
        w.run(f"{size} by salt", push(3) + push(size) + asm("PUSH 0 PUSH 0 CREATE2") + KEEP)
    w.send("49,152 bytes of initcode, deployed", None, bytes(49_152), gas=2_000_000)
    if not w.is_cancun:
        w.send("49,153 bytes of initcode, deployed", None, bytes(49_153), gas=2_000_000)


def _deployments(w: World) -> None:
    w.send("deploy nothing", None)
    w.send("deploy a counter", None, initcode(COUNTER), value=1)
    w.send("deploy: revert", None, REVERTER, value=1)
    w.send("deploy: invalid", None, b"\xfe")
    w.send("deploy: 0xef", None, initcode(b"\xef\0"))
    w.send("deploy: end", None, asm("CALLER SELFDESTRUCT"), value=1)
    w.send("deploy: log, store, end", None, LOGGER + asm("PUSH 1 DUP1 SSTORE ADDRESS SELFDESTRUCT"))
    code = initcode(bytes(500))
    dust = 53_000 + 4 * code.count(0) + 16 * (len(code) - code.count(0)) + 2 * 17 * w.is_cancun
    w.send("deploy: too little for the code", None, code, gas=dust + 50_000)
    w.send("deploy: too little for the first opcode", None, code, gas=dust)
    w.send("deploy: what makes another", None, create(initcode(LOGGER)) + KEEP)
    w.send("deploy: what calls", None, call(COUNTS) + call(REVERTS) + KEEP)


def _endings(w: World) -> None:
    w.run("end to nobody", "PUSH 0xe5e5 SELFDESTRUCT", balance=1, times=2)
    w.run("end to nobody without money", "PUSH 0xe6e6 SELFDESTRUCT")
    w.run("end to itself", "ADDRESS SELFDESTRUCT", balance=1, times=2, storage={0: 1})
    w.run("end to a precompile", "PUSH 4 SELFDESTRUCT", balance=1)
    w.run("end to the empty account", push(EMPTY) + asm("SELFDESTRUCT"), balance=1)
    ended = w.place(
        asm("PUSH 7 PUSH 0 SSTORE CALLER SELFDESTRUCT"), balance=4, storage={0: 1, 3: 3}
    )
    w.run("end twice", call(ended) + call(ended, value=1) + KEEP, balance=9)
    w.send("value to what has ended", ended, value=2)
    w.run("look at what has ended", push(ended) + asm("DUP1 EXTCODEHASH SWAP1 BALANCE") + KEEP)
    saved = w.place(asm("CALLER SELFDESTRUCT"), balance=4, storage={0: 1})
    undone = w.place(call(saved) + asm("INVALID"))
    w.run("an end that is undone", call(undone, gas=90_000) + KEEP)
    w.run("an end of another's code", call(ENDER, kind="DELEGATECALL"), balance=1, storage={0: 2})


def _endings_of_new(w: World) -> None:
    ends = asm("PUSH 1 PUSH 1 SSTORE CALLVALUE PUSH 13 JUMPI STOP STOP STOP")
    ends += asm("JUMPDEST CALLER SELFDESTRUCT")
    made = create(initcode(ends), value=1) + asm("DUP1 PUSH 0 SSTORE")
    again = asm("PUSH 0 PUSH 0 PUSH 0 PUSH 0 PUSH 1 PUSH 0 SLOAD GAS CALL")
    w.run("end what was made here", made + again + again + KEEP, balance=9)
    w.run("look at it afterwards", made + again + asm("PUSH 0 SLOAD EXTCODESIZE") + KEEP, balance=9)
    heir = made + again + asm("PUSH 0 SLOAD SELFDESTRUCT")
    w.run("leave everything to what has ended", heir, balance=9)
    w.run("make, end, undo", made + again + asm("PUSH 0 PUSH 0 REVERT"), balance=9)


def _numbers(w: World) -> None:
    low, high = (
        "PUSH 0x8000000000000000000000000000000000000000000000000000000000000000",
        "PUSH 0 NOT",
    )
    words = [
        f"{high} {low} SDIV", f"{high} {low} SMOD", f"PUSH 0 {low} DIV", f"PUSH 0 {low} MOD",
        f"PUSH 7 {high} {high} ADDMOD", f"PUSH 7 {high} {high} MULMOD",
        f"PUSH 0 {high} {high} MULMOD",
        f"{high} PUSH 3 EXP", "PUSH 0 PUSH 0 EXP", "PUSH 0x0100 PUSH 2 EXP", f"{high} {high} MUL",
        "PUSH 0x80 PUSH 0 SIGNEXTEND", f"PUSH 0x80 {high} SIGNEXTEND", f"{high} PUSH 31 BYTE",
        f"{high} PUSH 32 BYTE", f"{high} PUSH 256 SHL", f"{high} {high} SHR", f"{low} {high} SAR",
        f"PUSH 1 {high} SAR", f"{low} PUSH 255 SAR", f"{low} {high} SLT", f"{low} {high} SGT",
        "PUSH 32 CALLDATALOAD", f"{high} CALLDATALOAD", f"{high} BALANCE",
    ]  # fmt: skip
    code = b"".join(asm(f"{word} PUSH {at} SSTORE") for at, word in enumerate(words))
    w.run("numbers", code, data=b"\xff" * 33, gas=2_000_000)


def _hashes(w: World) -> None:
    hashes = b"".join(
        asm(f"PUSH {back} NUMBER SUB BLOCKHASH PUSH {back} SSTORE") for back in (0, 1, 2, 257)
    )
    w.run("hashes of blocks", hashes)
    w.run("a hash far ahead", "PUSH 0 NOT BLOCKHASH PUSH 0 SSTORE")


def _surroundings(w: World) -> None:
    names = (
        "ADDRESS", "ORIGIN", "CALLER", "CALLVALUE", "CALLDATASIZE", "CODESIZE", "GASPRICE",
        "COINBASE", "TIMESTAMP", "NUMBER", "DIFFICULTY", "GASLIMIT", "CHAINID", "SELFBALANCE",
        "BASEFEE", "PC", "MSIZE", "GAS",
    )  # fmt: skip
    code = b"".join(asm(f"{name} PUSH {at} SSTORE") for at, name in enumerate(names))
    w.run("surroundings", code, value=2, gas=2_000_000)
    places = (NOBODY, EMPTY, BOB.address, COUNTS, Address((1).to_bytes(20)), SIGNER)
    for op in ("BALANCE", "EXTCODESIZE", "EXTCODEHASH"):
        code = b"".join(
            push(place) + asm(op) + push(at) + asm("SSTORE") for at, place in enumerate(places)
        )
        w.run(op, code + asm("GAS PUSH 9 SSTORE"), gas=2_000_000)
    w.run(
        "code beyond its end",
        push(40) + push(3) + push(0) + push(COUNTS) + asm("EXTCODECOPY") + KEEP,
    )
    touch = call(EMPTY) + call(Address((3).to_bytes(20))) + call(SIGNER)
    w.run("touch and revert", touch + asm("PUSH 0 PUSH 0 REVERT"))
    w.run("touch", touch + KEEP)


def _deep(w: World) -> None:
    counts = asm("PUSH 0 SLOAD PUSH 1 ADD PUSH 0 SSTORE")
    for kind in ("CALL", "DELEGATECALL", "CALLCODE"):
        w.run(f"{kind} of itself while the gas lasts", counts + call("ADDRESS", kind=kind) + KEEP)
    w.run("STATICCALL of itself", call("ADDRESS", kind="STATICCALL") + asm("GAS PUSH 0 MSTORE"))
    w.run("1,024 frames", call("ADDRESS") + KEEP, gas=2**33)
    copy = asm("CODESIZE PUSH 0 PUSH 0 CODECOPY CODESIZE PUSH 0 PUSH 0 CREATE")
    w.run("what makes itself", copy + KEEP, gas=3_000_000)


def _newer(w: World) -> None:
    """Opcodes of Shanghai and Cancun; in London each is undefined."""
    transient = asm("PUSH 0 TLOAD PUSH 0 SSTORE PUSH 5 PUSH 0 TSTORE PUSH 0 TLOAD PUSH 1 SSTORE")
    w.run("transient", transient, times=2)
    sets = w.place(asm("PUSH 6 PUSH 0 TSTORE"))
    fails = w.place(asm("PUSH 6 PUSH 0 TSTORE INVALID"))
    seen = asm("PUSH 0 TLOAD PUSH 2 SSTORE")
    for kind in ("CALL", "DELEGATECALL", "STATICCALL"):
        w.run(f"transient by {kind}", call(sets, kind=kind, gas=9_000) + seen)
    w.run("transient and undone", call(fails, kind="DELEGATECALL", gas=9_000) + seen)
    w.run(
        "move memory", "PUSH 0x0102 PUSH 0 MSTORE PUSH 40 PUSH 3 PUSH 9 MCOPY MSIZE PUSH 0 SSTORE"
    )
    w.run("move nothing far away", "PUSH 0 PUSH 0 PUSH 0 NOT MCOPY MSIZE PUSH 0 SSTORE")
    w.run("zero", "PUSH0 PUSH0 SSTORE")
    w.run("blobs", b"\x4a\x60\x00\x55\x60\x00\x49\x60\x01\x55")
    w.run("slots of nobody's code", call(CAROL.address) + KEEP)
