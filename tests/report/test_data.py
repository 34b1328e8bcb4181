"""The shape of what the runner hands over."""

from node.report.data import (
    BlockRow,
    ComplaintRow,
    CopyRow,
    EmergencyRow,
    GrantRow,
    Holder,
    MessageRow,
    RecordRow,
    ReportData,
)
from tests.report.sample import extra


def test_every_part_has_its_rows_in_the_sample_that_the_tests_render() -> None:
    sample = extra()
    assert set(sample) == set(ReportData.__annotations__)
    for rows, shape in (
        (sample["blocks"], BlockRow),
        (sample["records"], RecordRow),
        (sample["records"][0]["holders"], Holder),
        (sample["grants"], GrantRow),
        (sample["complaints"], ComplaintRow),
        (sample["emergencies"], EmergencyRow),
        (sample["copies"], CopyRow),
        (sample["messages"], MessageRow),
    ):
        assert set(rows[0]) == set(shape.__annotations__)
