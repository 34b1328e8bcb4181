"""Workload W: a token and a registry, then mint and register in turn (ledger.md section 13).

One sender, legacy transactions at price 0.  A number of calls gives the same bytes everywhere, so
that every client executes the same work and every ledger comes to the same state.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import Address
from node.contracts.abi import Function
from node.contracts.compile import load_artifact
from node.evm.genesis import Genesis
from node.evm.receipts import contract_address
from node.evm.transactions import sign_legacy

CONTRACT_NAMES: Final = ("BenchToken", "BenchRegistry")
CHAIN_ID: Final = 1337
BLOCK_GAS_LIMIT: Final = 30_000_000
CALL_GAS: Final = 250_000
DEPLOY_GAS: Final = 3_000_000
SENDER_SECRET: Final = bytes(keccak256(b"wardnet/bench/sender"))
SENDER: Final = PrivateKey.from_bytes(SENDER_SECRET)
SIGNER: Final = Address(bytes(keccak256(b"wardnet/bench/signer")[12:]))
"""Who receives the fees of the blocks; at price 0 there are none."""
TOKEN: Final = contract_address(SENDER.address, 0)
REGISTRY: Final = contract_address(SENDER.address, 1)
PROBES: Final = 10
"""How many ids the digest of a state reads."""

MINT: Final = Function("mint(address,uint256,bytes32)")
ROOT_HASH: Final = Function("rootHash(uint256)", ("bytes32",))
OWNER_OF: Final = Function("ownerOf(uint256)", ("address",))
BALANCE_OF: Final = Function("balanceOf(address)", ("uint256",))
REGISTER: Final = Function("register(uint256,string,string,string)")
DOCTOR: Final = Function("doctor(uint256)", ("string", "string", "string"))
FUNCTIONS: Final = {
    "BenchToken": (MINT, ROOT_HASH, OWNER_OF, BALANCE_OF),
    "BenchRegistry": (REGISTER, DOCTOR),
}

_SPECIALTIES: Final = ("cardiology", "radiology", "neurology", "pathology", "general surgery")


@dataclass(frozen=True, slots=True)
class Workload:
    """Signed transactions in order: the deployments, then the calls."""

    deployments: tuple[bytes, ...]
    calls: tuple[bytes, ...]


def bench_genesis() -> Genesis:
    """Give the chain that the workload runs on: London rules, base fee 0, an empty state."""
    return Genesis(
        chain_id=CHAIN_ID,
        gas_limit=BLOCK_GAS_LIMIT,
        extra_data=bytes(32) + SIGNER + bytes(65),
        engine_settings={"period": 5, "epoch": 30_000},
    )


def workload(calls: int) -> Workload:
    """Sign the deployments and ``calls`` calls."""
    deployments = tuple(
        _signed(nonce, None, load_artifact(name).bytecode, DEPLOY_GAS)
        for nonce, name in enumerate(CONTRACT_NAMES)
    )
    first = len(deployments)
    return Workload(
        deployments,
        tuple(_signed(first + at, *_call(at), CALL_GAS) for at in range(calls)),
    )


def digest(calls: int, read: Callable[[Address, bytes], bytes]) -> bytes:
    """Give the hash of what the contracts answer after ``calls`` calls.

    Chains of other clients have other blocks and state roots: this is what can be compared.
    ``read``      runs a read-only call (to, data) on the newest state and gives its return data.
    """
    parts: list[bytes] = []
    for to, data in _questions(calls):
        answer = read(to, data)
        parts += [len(answer).to_bytes(4), answer]
    return bytes(keccak256(b"".join(parts)))


def _signed(nonce: int, to: Address | None, data: bytes, gas: int) -> bytes:
    return sign_legacy(SENDER, chain_id=CHAIN_ID, nonce=nonce, to=to, data=data, gas=gas)


def _call(at: int) -> tuple[Address, bytes]:
    """Give receiver and data of a call: tokens 0, 1, 2, ... and doctors 0, 1, 2, ... in turn."""
    number = at // 2
    if at % 2 == 0:
        root = keccak256(b"root of record %d" % number)
        return TOKEN, MINT.encode(_patient(number), number, root)
    specialty = _SPECIALTIES[number % len(_SPECIALTIES)]
    # name and specialty fit one slot each, the licence takes three
    licence = f"Medical Council of the Country, No. {number:012}"
    return REGISTRY, REGISTER.encode(number, f"Doctor No. {number}", specialty, licence)


def _patient(number: int) -> Address:
    return Address(bytes(keccak256(b"patient %d" % number)[12:]))


def _questions(calls: int) -> Iterator[tuple[Address, bytes]]:
    tokens, doctors = (calls + 1) // 2, calls // 2
    for number in _sample(tokens):
        yield TOKEN, OWNER_OF.encode(number)
        yield TOKEN, ROOT_HASH.encode(number)
        yield TOKEN, BALANCE_OF.encode(_patient(number))
    for number in _sample(doctors):
        yield REGISTRY, DOCTOR.encode(number)
    # behind the end: one more call than asked for would show here
    yield TOKEN, ROOT_HASH.encode(tokens)
    yield REGISTRY, DOCTOR.encode(doctors)


def _sample(count: int) -> list[int]:
    """Give the first, the last and some ids between them."""
    return sorted({at * (count - 1) // (PROBES - 1) for at in range(PROBES)}) if count else []
