"""HTML from data."""

from node.report.tables import (
    Html,
    bar,
    details,
    element,
    left_out,
    marked,
    number,
    scroll,
    table,
    text,
)
from tests.report.sample import HOSTILE


def test_text_is_escaped() -> None:
    assert text("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"


def test_attribute_values_are_escaped() -> None:
    assert element("a", Html(""), class_='"><img>') == '<a class="&quot;&gt;&lt;img&gt;"></a>'


def test_names_of_attributes_are_those_of_html() -> None:
    assert element("b", Html(""), aria_label="x", class_="y") == '<b aria-label="x" class="y"></b>'


def test_number_has_its_thousands_apart() -> None:
    assert [number(0), number(999), number(1_234_567)] == ["0", "999", "1,234,567"]


def test_table_names_its_columns_and_rows() -> None:
    found = table("Caption", ("A", "B"), [[("", text(1)), ("num", text(2))]])
    assert "<caption>Caption</caption>" in found
    assert '<th scope="col" class="">A</th><th scope="col" class="num">B</th>' in found
    assert '<th scope="row" class="">1</th><td class="num">2</td>' in found


def test_table_scrolls_and_is_reached_by_keyboard() -> None:
    found = table("Caption", ("A",), [])
    assert found.startswith('<div class="scroll" tabindex="0" role="region" aria-label="Caption">')


def test_caption_is_escaped_in_both_places() -> None:
    assert "<img" not in table(HOSTILE, (HOSTILE,), [])


def test_details_open_on_request() -> None:
    assert details("More", Html("x")) == "<details><summary>More</summary>x</details>"


def test_scroll_has_a_label() -> None:
    assert 'aria-label="wide"' in scroll(Html(""), "wide")


def test_mark_is_a_word_with_a_class() -> None:
    assert marked(("good", "✓ ok")) == '<span class="good">✓ ok</span>'


def test_bar_is_hidden_from_readers_and_never_divides_by_zero() -> None:
    assert 'style="width:50%"' in bar(1, 2)
    assert 'style="width:0%"' in bar(0, 0)
    assert 'aria-hidden="true"' in bar(1, 2)


def test_left_out_says_how_many() -> None:
    assert left_out(5, 5, "rows") == ""
    assert "1 more rows are left out" in left_out(6, 5, "rows")
