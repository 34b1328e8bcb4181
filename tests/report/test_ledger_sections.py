"""The parts of the page about the ledger."""

from node.report import ledger_sections as sections
from node.report.charts import BLOCKS_DRAWN_MAX
from tests.report.markup import Markup
from tests.report.sample import NODES, block, extra, results


def _texts(part) -> list[str]:
    assert part is not None
    return Markup(part[2]).texts


def test_blocks_have_a_chart_and_a_table_twin() -> None:
    part = sections.blocks([block(1, "h0", 2), block(2, "h1", 1)], NODES)
    assert part is not None
    assert part[2].count("<svg") == 1
    assert part[2].count("<tr>") == 3


def test_blocks_beyond_the_limit_are_counted() -> None:
    rows = [block(n, "h0", 2) for n in range(1, BLOCKS_DRAWN_MAX + 4)]
    assert "3 more blocks are left out here." in _texts(sections.blocks(rows, NODES))


def test_sealers_are_counted_in_turn_and_out_of_turn() -> None:
    rows = [block(1, "h0", 2), block(2, "h0", 1), block(3, "h1", 2)]
    texts = _texts(sections.sealers(rows, NODES))
    assert texts[texts.index("h0") :][:5] == ["h0", "2", "1", "1", "66.7 %"]
    assert texts[texts.index("h3") :][:5] == ["h3", "0", "0", "0", "0.0 %"]


def test_no_blocks_no_parts() -> None:
    assert sections.blocks([], NODES) is None
    assert sections.sealers([], NODES) is None


def test_nodes_show_height_head_and_state() -> None:
    texts = _texts(sections.nodes(results()))
    assert texts[texts.index("h0") :][:6] == [
        *("h0", "360", "90", "14"),
        "0x" + "cd" * 32,
        "0x" + "ef" * 32,
    ]


def test_transaction_is_compared_with_its_budget() -> None:
    texts = _texts(sections.gas(results(), extra()["transactions"]))
    assert texts[texts.index("first_grant") :][:4] == [
        "first_grant",
        "99,000",
        "100,000",
        "✓ within",
    ]
    assert texts[texts.index("grant") :][:4] == ["grant", "81,000", "80,000", "✕ above"]


def test_transaction_without_a_budget_is_not_judged() -> None:
    texts = _texts(sections.gas(results(), [{"step": "s", "kind": "vote", "gas": 5}]))
    assert texts[texts.index("vote") :][:3] == ["vote", "5", "-"]
    assert not any("within" in text or "above" in text for text in texts)


def test_three_transactions_together_have_a_budget_of_their_own() -> None:
    texts = _texts(sections.gas(results(), extra()["transactions"]))
    assert any(
        "One each of register_patient, onboard_doctor, grant: 389,000 of 400,000 gas." in text
        for text in texts
    )


def test_sum_of_the_steps_is_said() -> None:
    assert "991,345 gas in all steps." in _texts(sections.gas(results(), extra()["transactions"]))


def test_no_transactions_no_part() -> None:
    assert sections.gas(results(), []) is None
