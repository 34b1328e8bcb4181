"""Binding of ``LabRegistry``: labs, orders and filed studies (records.md §3).

The manifest CID and the observations commitment of a filed study are the content of the entry
that the filing appends to the PMR, so they stand in ``PmrToken`` and not a second time here.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any, ClassVar, Final

from node.base.types import Address
from node.contracts.abi import EventSpec, Function, LedgerEvent, View, encode_values
from node.contracts.bindings import lab_registry as bound
from node.contracts.cids import Content
from node.contracts.errors import CallArgumentError
from node.contracts.pmr_id import date_digits, date_from_digits


class OrderStatus(IntEnum):
    """Where an order stands; the numbers are those of the contract."""

    UNKNOWN = 0
    OPEN = 1
    FILED = 2


@dataclass(frozen=True, slots=True)
class SharePlan:
    """How the study was split: which scheme, ``needed`` of ``total`` shares, which epoch."""

    scheme_id: int
    needed: int
    total: int
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """A lab order; the last three fields are None before it is filed."""

    order_id: int
    pmr_id: int
    status: OrderStatus
    doctor_id: int
    hospital_id: int
    lab: Address
    captured: date | None
    plan: SharePlan | None
    entry_index: int | None
    """Which entry of the PMR carries manifest CID and commitment."""


@dataclass(frozen=True, slots=True)
class LabListed(LedgerEvent):
    """A Verified hospital listed a lab."""

    SPEC: ClassVar = EventSpec(
        "LabListed(address indexed account,uint64 indexed hospitalId,string name)"
    )
    account: Address
    hospital_id: int
    name: str


@dataclass(frozen=True, slots=True)
class LabOrdered(LedgerEvent):
    """A doctor ordered a study; ``modality`` and ``reason`` are zero-padded ASCII codes."""

    SPEC: ClassVar = EventSpec(
        "LabOrdered(uint256 indexed orderId,uint256 indexed pmrId,address indexed lab,"
        "uint64 doctorId,uint64 hospitalId,bytes16 modality,bytes32 reason)"
    )
    order_id: int
    pmr_id: int
    lab: Address
    doctor_id: int
    hospital_id: int
    modality: bytes
    reason: bytes


@dataclass(frozen=True, slots=True)
class LabFiled(LedgerEvent):
    """A lab filed the study of an order."""

    SPEC: ClassVar = EventSpec(
        "LabFiled(uint256 indexed orderId,uint256 indexed pmrId,uint64 indexed patientId,"
        "bytes16 modality,uint32 dateOfCapture,bytes32 reason,"
        "(bytes32,uint8,bytes32) observations,(uint8,uint8,uint8,uint32) plan,uint256 entryIndex)"
    )
    order_id: int
    pmr_id: int
    patient_id: int
    modality: bytes
    date_of_capture: int
    reason: bytes
    observations: tuple[bytes, int, bytes]
    plan: tuple[int, int, int, int]
    entry_index: int

    @property
    def content(self) -> Content:
        """Observations commitment and manifest CID."""
        return Content.from_abi(*self.observations)

    @property
    def share_plan(self) -> SharePlan:
        """How the study was split."""
        return SharePlan(*self.plan)


EVENTS: Final[tuple[type[LedgerEvent], ...]] = (LabListed, LabOrdered, LabFiled, bound.LabRefreshed)
LabRefreshed = bound.LabRefreshed

_LIST = Function("listLab(address,string)")
_ORDER = Function("order(uint256,uint64,address,bytes16,bytes32)", ("uint256",))
_FILE = Function(
    "file(uint256,bytes16,uint32,bytes32,(bytes32,uint8,bytes32),(uint8,uint8,uint8,uint32))"
)
_ORDER_AT = Function(
    "orderOf(uint256)",
    (
        "uint256",
        "uint8",
        "uint64",
        "uint64",
        "address",
        "uint32",
        "(uint8,uint8,uint8,uint32)",
        "uint32",
    ),
)
_REFRESH = Function("refresh(uint256,uint256,uint32)")
_EPOCH_OF = Function("epochOf(uint256,uint256)", ("uint32",))
_HOSPITAL_OF = Function("hospitalOf(address)", ("uint64",))
_COUNT = Function("orderCount()", ("uint256",))
FUNCTIONS: Final = (
    _LIST,
    _ORDER,
    _FILE,
    _REFRESH,
    _ORDER_AT,
    _EPOCH_OF,
    _HOSPITAL_OF,
    _COUNT,
)
CONSTRUCTOR: Final = ("address", "address", "address", "int32")
"""hospitals, doctors, pmr token, seconds that local time is ahead of UTC."""


def code_word(text: str, size_bytes: int, what: str) -> bytes:
    """Give an ASCII code right-padded with zeros.

    raises        CallArgumentError: not 1 .. ``size_bytes`` printable ASCII characters.
    """
    if not text.isascii() or not text.isprintable() or not 0 < len(text) <= size_bytes:
        raise CallArgumentError(what, f"{text!r} is no ASCII code of 1 to {size_bytes} characters")
    return text.encode("ascii").ljust(size_bytes, b"\0")


@dataclass(frozen=True, slots=True)
class LabRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def list_lab(self, account: Address, name: str) -> bytes:
        """List a lab, as the account of a Verified hospital."""
        return _LIST.encode(account, name)

    def order(
        self, pmr_id: int, *, hospital_id: int, lab: Address, modality: str, reason: str
    ) -> bytes:
        """Order a study, as an active doctor of the hospital; the id is in ``LabOrdered``.

        raises        CallArgumentError: modality over 16 or reason code over 32 ASCII characters.
        """
        return _ORDER.encode(
            pmr_id, hospital_id, lab, code_word(modality, 16, "modality"), _reason(reason)
        )

    def file(
        self,
        order_id: int,
        *,
        modality: str,
        captured: date,
        reason: str,
        content: Content,
        plan: SharePlan,
    ) -> bytes:
        """File the study of an open order, as its lab; appends the entry to the PMR.

        raises        CallArgumentError: a code too long; CidFormError: a foreign CID.
        """
        return _FILE.encode(
            order_id,
            code_word(modality, 16, "modality"),
            date_digits(captured),
            _reason(reason),
            content.as_abi(),
            (plan.scheme_id, plan.needed, plan.total, plan.epoch),
        )

    def refresh(self, pmr_id: int, index: int, epoch: int) -> bytes:
        """Say that the shares of a filed study are in an epoch now, as the record's patient."""
        return _REFRESH.encode(pmr_id, index, epoch)

    def epoch_of(self, pmr_id: int, index: int) -> View[int]:
        """The newest epoch that was told of a filed study, 0 before the first refresh."""
        return _EPOCH_OF.view(self.address, int, pmr_id, index)

    def order_of(self, order_id: int) -> View[Order]:
        """One order; status UNKNOWN for an id that was never given."""
        return _ORDER_AT.view(self.address, lambda *values: _order(order_id, *values), order_id)

    def hospital_of(self, lab: Address) -> View[int]:
        """The Hospital-ID that listed the lab, 0 for an account that is no lab."""
        return _HOSPITAL_OF.view(self.address, int, lab)

    def order_count(self) -> View[int]:
        """The newest order id, 0 before the first."""
        return _COUNT.view(self.address, int)


def constructor(
    *, hospitals: Address, doctors: Address, pmr: Address, utc_offset_seconds: int
) -> bytes:
    """Give the ABI-encoded constructor arguments."""
    return encode_values("LabRegistry", CONSTRUCTOR, (hospitals, doctors, pmr, utc_offset_seconds))


def _reason(reason: str) -> bytes:
    # an empty code is sent as it is: refusing it (ReasonMissing) is the contract's rule
    return code_word(reason, 32, "reason") if reason else bytes(32)


def _order(order_id: int, pmr_id: int, status: int, *rest: Any) -> Order:  # noqa: ANN401
    doctor_id, hospital_id, lab, captured, plan, entry_index = rest  # decoded words
    is_filed = status == OrderStatus.FILED
    return Order(
        order_id,
        pmr_id,
        OrderStatus(status),
        doctor_id,
        hospital_id,
        lab,
        date_from_digits(captured) if is_filed else None,
        SharePlan(*plan) if is_filed else None,
        entry_index if is_filed else None,
    )
