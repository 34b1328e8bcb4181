import pytest

from node.base.types import ZERO_ADDRESS, Address
from node.contracts.pmr_entries import EntryKind
from node.contracts.pmr_multi_token import TransferBatch, TransferSingle, entries_id
from node.contracts.pmr_token import Transfer
from node.contracts.transfers import TokensMoved, visits_of

ONE, TWO = 126012026, 226012026
WHO = Address(b"\1" * 20)
UNITS = entries_id(ONE, EntryKind.LAB)


@pytest.mark.parametrize(
    ("event", "visits"),
    [
        (Transfer(ZERO_ADDRESS, WHO, ONE), (ONE,)),
        (TransferSingle(WHO, ZERO_ADDRESS, WHO, ONE, 1), (ONE,)),
        (TransferSingle(WHO, ZERO_ADDRESS, WHO, UNITS, 1), ()),
        (TransferBatch(WHO, ZERO_ADDRESS, WHO, (ONE, UNITS, TWO), (1, 3, 1)), (ONE, TWO)),
    ],
)
def test_records_are_told_from_units_of_their_entries(
    event: TokensMoved, visits: tuple[int, ...]
) -> None:
    assert visits_of(event) == visits
