"""What a sender is in the registries, and how much of pool and block its role may take.

Gas costs nothing here, so scarcity comes from identity (network.md section 10).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

from node.base.limits import (
    APPLICANTS_BLOCK_GAS_MAX,
    DEVICE_BLOCK_GAS_MAX,
    DOCTOR_BLOCK_GAS_MAX,
    GAS_BUDGET_BLOCKS_MAX,
    HOSPITAL_BLOCK_GAS_MAX,
    INSTITUTION_EXECUTABLE_COUNT_MAX,
    LAB_BLOCK_GAS_MAX,
    NONCE_GAP_COUNT_MAX,
    PATIENT_BLOCK_GAS_MAX,
    SENDER_EXECUTABLE_COUNT_MAX,
)
from node.base.limits_records import INSTITUTION_BLOCK_GAS_MAX
from node.base.types import Address
from node.evm.transactions import Transaction


class Role(IntEnum):
    """What a sender is at the head; the smaller number stands before the larger one."""

    REGULATOR = 0
    HOSPITAL = 1
    LAB = 2
    DOCTOR = 3
    PATIENT = 4
    DEVICE = 5
    INSTITUTION = 6
    """An insurer or a researcher."""
    APPLICANT = 7
    """Not registered: may apply for a Hospital-ID, and nothing else."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of one role."""

    executable: int
    """Transactions of one sender that could run now."""
    waiting: int
    """Transactions of one sender behind a missing nonce, and how far a nonce may lie above it."""
    block_gas: int | None
    """Gas per block; None: no limit."""
    budget_blocks: int = GAS_BUDGET_BLOCKS_MAX
    """Blocks whose gas can be saved up."""

    @property
    def gas_max(self) -> int | None:
        """The most gas that can be spent at once; None: no limit."""
        return None if self.block_gas is None else self.block_gas * self.budget_blocks


def _institution(block_gas: int | None) -> Allowance:
    return Allowance(INSTITUTION_EXECUTABLE_COUNT_MAX, NONCE_GAP_COUNT_MAX, block_gas)


def _person(block_gas: int) -> Allowance:
    return Allowance(SENDER_EXECUTABLE_COUNT_MAX, NONCE_GAP_COUNT_MAX, block_gas)


ALLOWANCES: Final[Mapping[Role, Allowance]] = {
    Role.REGULATOR: _institution(None),
    Role.HOSPITAL: _institution(HOSPITAL_BLOCK_GAS_MAX),
    Role.LAB: _person(LAB_BLOCK_GAS_MAX),
    Role.DOCTOR: _person(DOCTOR_BLOCK_GAS_MAX),
    Role.PATIENT: _person(PATIENT_BLOCK_GAS_MAX),
    Role.DEVICE: _person(DEVICE_BLOCK_GAS_MAX),
    Role.INSTITUTION: _person(INSTITUTION_BLOCK_GAS_MAX),
    # One each, and nothing saved up: there are as many strangers as somebody makes keys.
    Role.APPLICANT: Allowance(1, 0, APPLICANTS_BLOCK_GAS_MAX, budget_blocks=1),
}


class Roles(Protocol):
    """What the pool asks the registries, at the head that it follows."""

    def role_of(self, sender: Address) -> Role | None:
        """Give the role of an account; None: it has none."""
        ...

    def is_application(self, transaction: Transaction) -> bool:
        """Say whether an account without role applies for a Hospital-ID, and may."""
        ...
