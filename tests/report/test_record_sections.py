"""The parts of the page about records and grants."""

from node.report import record_sections as sections
from node.report.data import CopyRow, EmergencyRow
from tests.report.markup import Markup
from tests.report.sample import EPOCH_S, NODES, block, extra


def _texts(part) -> list[str]:
    assert part is not None
    return Markup(part[2]).texts


def test_matrix_shows_who_holds_what() -> None:
    texts = _texts(sections.shares(extra()["records"], NODES))
    assert texts[texts.index("scan-1") :][:7] == [
        "scan-1",
        "lab",
        "◆ essential (pat-1)",
        "● share 1 ▤ fragment",
        "● share 2 ▤ fragment",
        "● share 3 ▤ fragment",
        "● share 4",
    ]


def test_node_without_a_share_holds_nothing() -> None:
    rows = extra()["records"]
    rows[0]["holders"] = rows[0]["holders"][:1]
    texts = _texts(sections.shares(rows, NODES))
    assert texts[texts.index("● share 1 ▤ fragment") + 1] == "-"


def test_holder_outside_the_list_of_nodes_gets_a_column() -> None:
    rows = extra()["records"]
    rows[0]["holders"][0]["node"] = "x9"
    assert "x9" in _texts(sections.shares(rows, NODES))


def test_grant_shows_its_window_and_what_happened_under_it() -> None:
    chain = [block(0, "h0", 2)]
    assert chain[0]["timestamp"] == EPOCH_S
    texts = _texts(sections.grants(extra()["grants"], chain))
    row = texts[len(texts) - 1 - texts[::-1].index("grant-1") :]
    assert row[:7] == ["grant-1", "doc-2", "1:40", "3:20", "-", "2:00, 2:30", "3:30"]


def test_releases_of_one_block_time_are_counted() -> None:
    rows = extra()["grants"]
    rows[0]["releases"] = [EPOCH_S + 120] * 3
    assert "2:00 (x3)" in _texts(sections.grants(rows, [block(0, "h0", 2)]))


def test_without_blocks_times_count_from_the_first_grant() -> None:
    texts = _texts(sections.grants(extra()["grants"], []))
    row = texts[len(texts) - 1 - texts[::-1].index("grant-1") :]
    assert row[2:4] == ["0:00", "1:40"]


def test_no_data_no_parts() -> None:
    assert sections.shares([], NODES) is None
    assert sections.grants([], []) is None


EMERGENCY: EmergencyRow = {
    "doctor": "er",
    "patient": "7",
    "reason": "coma",
    "until": EPOCH_S + 100,
    "review": "needed: justified",
    "is_open": False,
}


def test_unreviewed_emergencies_come_first_and_say_so() -> None:
    waiting: EmergencyRow = {**EMERGENCY, "doctor": "nosy", "review": "none", "is_open": True}
    texts = _texts(sections.emergencies([EMERGENCY, waiting], [block(0, "h0", 2)]))
    assert texts[texts.index("nosy") :][:5] == ["nosy", "7", "coma", "1:40", "NOT REVIEWED"]
    assert texts.index("nosy") < texts.index("er")
    assert texts[texts.index("er") :][4] == "needed: justified"


def test_copies_show_when_they_are_due_and_how_they_stand() -> None:
    rows: list[CopyRow] = [{"patient": "7", "due": EPOCH_S + 60, "state": "overdue"}]
    texts = _texts(sections.copies(rows, [block(0, "h0", 2)]))
    assert texts[texts.index("7") :][:3] == ["7", "1:00", "overdue"]


def test_without_emergencies_and_copies_there_are_no_parts() -> None:
    assert sections.emergencies([], []) is None
    assert sections.copies([], []) is None
