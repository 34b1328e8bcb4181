"""A program: run the workload in eth-tester, print what it took as a line of JSON.

    python -m node.bench.tester 1000

In process, one block per transaction, as eth-tester mines by itself.  Its chain follows the
newest rules of py-evm; at a base fee of 0 the workload runs there unchanged.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from node.base.types import Address
from node.bench.measured import Measured
from node.bench.workload import BLOCK_GAS_LIMIT, CALL_GAS, SENDER, digest, workload

PRICE: Final = {"gas_price": 0, "gas": 4 * CALL_GAS}


def main(words: Sequence[str]) -> None:
    """Run as many calls as the command line says."""
    sys.stdout.write(run(int(words[0])).to_json() + "\n")


def run(calls: int) -> Measured:
    """Run the workload."""
    # below node.evm, which the workload imports: that picks the keccak backend of py-evm
    from eth_tester import EthereumTester, PyEVMBackend  # noqa: PLC0415

    work = workload(calls)
    genesis = PyEVMBackend.generate_genesis_params()
    genesis |= {"gas_limit": BLOCK_GAS_LIMIT, "base_fee_per_gas": 0}
    tester = EthereumTester(PyEVMBackend(genesis_parameters=genesis))
    for raw in work.deployments:
        tester.send_raw_transaction(_hex(raw))
    words = [_hex(raw) for raw in work.calls]
    wall_s, cpu_ns = time.monotonic(), time.process_time_ns()
    for word in words:
        tester.send_raw_transaction(word)
    cpu_ns, wall_s = time.process_time_ns() - cpu_ns, time.monotonic() - wall_s
    return Measured(
        transactions=calls,
        cpu_us_per_tx=cpu_ns / calls / 1_000,
        wall_us_per_tx=wall_s * 1e6 / calls,
        digest=digest(calls, lambda to, data: _read(tester, to, data)).hex(),
    )


def _read(tester: Any, to: Address, data: bytes) -> bytes:  # noqa: ANN401 - eth-tester has no types
    call = {"from": _hex(SENDER.address), "to": _hex(to), "data": _hex(data), **PRICE}
    return bytes.fromhex(tester.call(call).removeprefix("0x"))


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"


if __name__ == "__main__":
    main(sys.argv[1:])
