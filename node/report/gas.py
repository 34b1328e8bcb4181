"""Gas budgets, one transaction each (records.md section 3)."""

from typing import Final

BUDGETS: Final[dict[str, int]] = {
    "grant": 80_000,
    "first_grant": 100_000,
    "revoke": 35_000,
    "mint": 260_000,
    "append": 120_000,
    "file_report": 200_000,
}
"""Kind of a transaction: the gas it may use.  ``first_grant`` pays for a patient's nonce slot,
``mint`` includes the first entry."""

TOGETHER: Final = ("register_patient", "onboard_doctor", "grant")
TOGETHER_MAX: Final = 400_000
"""Budget for one of each of TOGETHER."""


def together(gas_by_kind: list[tuple[str, int]]) -> int | None:
    """Add up the dearest transaction of each kind in TOGETHER; None while one is missing.

    A patient's first grant counts as a grant.
    """
    dearest: dict[str, int] = {}
    for kind, gas in gas_by_kind:
        name = "grant" if kind == "first_grant" else kind
        dearest[name] = max(gas, dearest.get(name, 0))
    if any(kind not in dearest for kind in TOGETHER):
        return None
    return sum(dearest[kind] for kind in TOGETHER)
