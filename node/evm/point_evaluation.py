"""The precompiled contract of EIP-4844, with its trusted setup read once per process.

py-evm's own reads 4,096 points at every call: seconds of work for 50,000 gas, so one block could
hold a node up for half an hour.  It also checks by ``assert``, which ``python -O`` removes.
"""

import hashlib
from functools import cache
from typing import Any, Final

from eth.exceptions import VMError
from eth.precompiles.point_evaluation import (  # type: ignore[attr-defined]  # two are ckzg's
    TRUSTED_SETUP_PATH,
    load_trusted_setup,
    verify_kzg_proof,
)

ADDRESS: Final = (10).to_bytes(20)
GAS: Final = 50_000
INPUT_BYTES: Final = 192
"""versioned_hash 32, z 32, y 32, commitment 48, proof 48."""
_VERSION: Final = b"\x01"
_FIELD_ELEMENTS_PER_BLOB: Final = 4_096
_BLS_MODULUS: Final = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
_ANSWER: Final = _FIELD_ELEMENTS_PER_BLOB.to_bytes(32) + _BLS_MODULUS.to_bytes(32)


def point_evaluation(computation: Any) -> Any:  # noqa: ANN401 - py-evm's ComputationAPI
    """Verify that the committed polynomial has the value y at z.

    raises        VMError: it has not, or the input is not of this form; the frame fails.
    source        EIP-4844, "Point evaluation precompile".
    """
    computation.consume_gas(GAS, reason="Point Evaluation Precompile")
    data = bytes(computation.msg.data_as_bytes)
    if len(data) != INPUT_BYTES:
        raise VMError(f"point evaluation takes {INPUT_BYTES} bytes, not {len(data)}")
    versioned_hash, z, y = data[:32], data[32:64], data[64:96]
    commitment, proof = data[96:144], data[144:]
    if versioned_hash != _VERSION + hashlib.sha256(commitment).digest()[1:]:
        raise VMError("the commitment is not that of the versioned hash")
    try:
        is_proven = verify_kzg_proof(commitment, z, y, proof, _setup())
    except RuntimeError as error:  # a number above the modulus, or a point on no curve
        raise VMError("the proof is malformed") from error
    if not is_proven:
        raise VMError("the proof is wrong")
    computation.output = _ANSWER
    return computation


@cache
def _setup() -> Any:  # noqa: ANN401 - of a C library
    return load_trusted_setup(TRUSTED_SETUP_PATH, 0)
