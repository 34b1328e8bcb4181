"""The limits of each role, as network.md section 10 writes them down."""

import pytest

from node.evm.roles import ALLOWANCES, Role

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("role", "executable", "waiting", "block_gas", "gas_max"),
    [
        (Role.REGULATOR, 256, 64, None, None),
        (Role.HOSPITAL, 256, 64, 6 * MILLION, 60 * MILLION),
        (Role.LAB, 16, 64, 2 * MILLION, 20 * MILLION),
        (Role.DOCTOR, 16, 64, 2 * MILLION, 20 * MILLION),
        (Role.PATIENT, 16, 64, MILLION, 10 * MILLION),
        (Role.DEVICE, 16, 64, MILLION // 2, 5 * MILLION),
        (Role.APPLICANT, 1, 0, MILLION, MILLION),
    ],
)
def test_a_role_has_these_limits(role, executable, waiting, block_gas, gas_max):
    allowance = ALLOWANCES[role]
    assert (allowance.executable, allowance.waiting) == (executable, waiting)
    assert (allowance.block_gas, allowance.gas_max) == (block_gas, gas_max)


def test_every_role_has_limits():
    assert set(ALLOWANCES) == set(Role)
