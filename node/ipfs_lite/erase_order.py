"""An erasure asked for outside the chain: a small JSON file, signed by the owner of the object.

What is signed is ``wardnet/erase-order/1`` || issued_at_s (8 bytes, big-endian) || CID; its
Keccak-256 is the order's id, so one order has one id on every replica (content-store.md, 10).
"""

import json
from typing import Any, Final, NamedTuple

from node.base import keys
from node.base.errors import UsageError
from node.base.keccak import keccak256
from node.base.ports import Signer
from node.base.types import Address, Cid, Hash32
from node.ipfs_lite.cid import from_text, multihash_of, to_text
from node.ipfs_lite.errors import BadCidError, HashNotAllowedError

_DOMAIN: Final = b"wardnet/erase-order/1"
_FIELDS: Final = ("root", "issued_at_s", "signature")
_SECONDS_MAX: Final = 2**63 - 1


class SignedOrder(NamedTuple):
    """An order whose signature can stand; whether ``owner`` may give it, the caller knows."""

    order_id: Hash32
    root: Cid
    issued_at_s: int
    owner: Address


def write_order(root: Cid, issued_at_s: int, signer: Signer) -> str:
    """Give the JSON text of an order to erase what ``root`` names."""
    digest = _order_id(root, issued_at_s)
    order = {
        "root": to_text(root),
        "issued_at_s": issued_at_s,
        "signature": "0x" + signer.sign(digest).hex(),
    }
    return json.dumps(order, indent=2) + "\n"


def read_order(text: str) -> SignedOrder:
    """Read an order and find out who signed it.

    raises        UsageError: no JSON object, other fields, a value that cannot be, or a signature
                  that nobody can have made.
    """
    try:
        order: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the order is no JSON: {error}") from error
    if not isinstance(order, dict) or set(order) != set(_FIELDS):  # pyright: ignore[reportUnknownArgumentType] - of any shape
        raise UsageError(f"the order wants exactly the fields {', '.join(_FIELDS)}")
    root = _root(order["root"])
    issued_at_s = order["issued_at_s"]
    if type(issued_at_s) is not int or not 0 <= issued_at_s <= _SECONDS_MAX:
        raise UsageError("issued_at_s of the order wants whole seconds since 1970")
    order_id = _order_id(root, issued_at_s)
    owner = keys.recover(order_id, _signature(order["signature"]))
    if owner is None:
        raise UsageError("the order's signature is malformed")
    return SignedOrder(order_id, root, issued_at_s, owner)


def _root(value: object) -> Cid:
    try:
        root = from_text(value if isinstance(value, str) else "")
        multihash_of(root)
    except (BadCidError, HashNotAllowedError) as error:
        raise UsageError(f"root of the order: {error}") from error
    return root


def _signature(value: object) -> bytes:
    text = value if isinstance(value, str) else ""
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raw = b""
    if not text.startswith("0x") or len(raw) != keys.SIGNATURE_BYTES:
        raise UsageError(f"signature of the order wants 0x and {keys.SIGNATURE_BYTES} bytes")
    return raw


def _order_id(root: Cid, issued_at_s: int) -> Hash32:
    return keccak256(_DOMAIN + issued_at_s.to_bytes(8) + root)
