"""The page as a whole: deterministic, self-contained, safe with hostile data."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from node.report.page import render
from tests.report.markup import Markup
from tests.report.sample import HOSTILE, NODES, block, extra, history, results

_BYTES_MAX = 2 * 2**20


def _page() -> str:
    return render(results(), history(), extra())


def _embedded(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_equal_input_gives_equal_bytes() -> None:
    assert _page() == _page()


def test_page_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "import hashlib\nfrom node.report.page import render\n"
        "from tests.report.sample import extra, history, results\n"
        "print(hashlib.sha256(render(results(), history(), extra()).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(digests) == 1


def test_markup_nests() -> None:
    assert Markup(_page()).problems == []


def test_page_states_a_policy_that_loads_nothing() -> None:
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"
    ) in _page()


def test_page_names_no_other_file_and_no_host() -> None:
    page = _page()
    markup = Markup(page)
    assert not {"link", "img", "iframe", "object", "base"} & set(markup.tags)
    assert markup.values("src") == []
    assert all(target.startswith("#") for target in markup.values("href"))
    assert "url(" not in page.replace("url(#head)", "")
    assert "http" not in page.replace("http-equiv", "")


def test_ids_are_unique_and_every_link_has_its_target() -> None:
    markup = Markup(_page())
    ids = markup.values("id")
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in markup.values("href")} <= set(ids)


def test_every_part_of_the_report_is_there() -> None:
    ids = Markup(_page()).values("id")
    for part in (
        *("expectations", "steps", "blocks", "sealers", "nodes", "shares", "grants", "gas"),
        *("messages", "metrics", "history", "claims", "repeat"),
    ):
        assert part in ids


def test_parts_without_data_are_left_out() -> None:
    ids = Markup(render(results(), [], {})).values("id")
    assert "expectations" in ids
    assert not {"blocks", "sealers", "shares", "grants", "gas", "messages", "history"} & set(ids)


@pytest.mark.parametrize(
    ("verdict", "cause", "shown"),
    [
        ("valid", None, "✓ valid"),
        ("invalid", "expectation", "✕ invalid (expectation)"),
        ("unknown", "budget", "? unknown (budget)"),
    ],
)
def test_verdict_is_said_in_words_and_with_a_sign(verdict, cause, shown) -> None:
    page = render({**results(), "verdict": verdict, "cause": cause}, [], {})
    assert shown in Markup(page).texts


def test_the_sharing_rule_names_the_patient_and_the_custodians() -> None:
    page = render(
        results(), history(), extra() | {"scenario": {"scheme": "ssms-1tn", "t": 3, "n": 5}}
    )
    assert "ssms-1tn: patient and 2 of 4 custodians" in page
    assert "3 of 5" not in page


def test_volatile_values_do_not_reach_the_page() -> None:
    page = _page()
    assert "somewhere" not in page
    assert "volatile" not in page


def _hostile(value: Any) -> Any:
    """Replace every text by a hostile one, but for those that steer the page."""
    if isinstance(value, dict):
        steering = {"status", "holds", "verdict", "consensus", "scheme"}
        return {k: v if k in steering else _hostile(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_hostile(inner) for inner in value]
    return HOSTILE if isinstance(value, str) else value


def test_hostile_texts_are_shown_as_text() -> None:
    page = render(_hostile(results()), _hostile(history()), _hostile(extra()))
    markup = Markup(page)
    assert markup.problems == []
    assert "img" not in markup.tags
    assert markup.tags.count("script") == 2
    assert not any(name.startswith("on") for _, name, _ in markup.attributes)
    assert HOSTILE in markup.texts


def test_hostile_texts_cannot_end_the_data() -> None:
    page = render(_hostile(results()), _hostile(history()), _hostile(extra()))
    assert _embedded(page)["results"]["steps"][0]["name"] == HOSTILE


def test_lone_surrogates_do_not_break_the_file() -> None:
    found = {**results(), "scenario": "a\ud800b"}
    render(found, [], {}).encode("utf-8")
    assert "a?b" in render(found, [], {})


def test_embedded_data_is_what_was_given() -> None:
    data = _embedded(_page())
    assert data["extra"] == extra()
    assert data["history"] == history()
    assert data["history_left_out"] == 0
    assert data["results"]["digest"] == "ab" * 32


def test_large_run_stays_below_two_mebibytes() -> None:
    large = extra()
    large["blocks"] = [block(n, NODES[n % 4], 2, 1) for n in range(1, 2_001)]
    large["messages"] = large["messages"] * 100
    page = render(results(), history(20_000), large)
    assert len(page.encode()) < _BYTES_MAX
    data = _embedded(page)
    assert data["history_left_out"] == 20_000 - len(data["history"]) > 0


def test_run_without_steps_blocks_or_expectations_has_a_page() -> None:
    empty = {**results(), "steps": [], "expectations": [], "nodes": [], "metrics": {}}
    assert Markup(render(empty, [], {"blocks": [], "messages": []})).problems == []


def test_works_without_script_for_all_but_the_filter() -> None:
    page = _page()
    assert '<p class="filter" hidden>' in page
    assert page.count("addEventListener") == 1


def test_page_has_a_language_a_title_and_a_way_past_the_contents() -> None:
    page = _page()
    assert '<html lang="en">' in page
    assert "<title>valid: A patient&#x27;s journey - wardnet</title>" in page
    assert '<a class="skip" href="#main">' in page


def test_style_has_dark_narrow_and_printed_forms() -> None:
    page = _page()
    for rule in ("prefers-color-scheme: dark", "max-width: 30rem", "@media print"):
        assert rule in page


def _city(steps: int) -> str:
    """Give the page of a run with thousands of steps, one of which fails at the very end."""
    found, more = results(), extra()
    ok = found["steps"][0] | {"status": "ok"}
    found["steps"] = [ok | {"name": f"pat-{k}-registers"} for k in range(steps)]
    found["steps"].append(ok | {"name": "the-one-that-failed", "status": "timeout"})
    for key in ("blocks", "transactions", "records", "grants"):
        more[key] = more[key] * (steps // len(more[key]))
    return render(found, history() * (steps // len(history())), more)


def test_a_city_stays_below_two_mebibytes_and_shows_what_failed() -> None:
    page = _city(6_000)
    assert len(page.encode()) < _BYTES_MAX
    assert "the-one-that-failed" in page
    assert "5,501 more steps are left out here." in page
    assert "Steps by action" in page
    assert "Gas by kind" in page
    assert len(_embedded(page)["results"]["steps"]) == 250


def test_a_run_that_fits_is_shown_whole() -> None:
    page = _city(400)
    assert "more steps are left out" not in page
    assert "Steps by action" not in page
