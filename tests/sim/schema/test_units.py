"""Units: what is read, what is refused, and what a duration looks like again."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import SCENARIO_DURATION_US_MAX
from node.sim.schema.units import bandwidth_bps, duration_text, duration_us, size_bytes
from tests.sim.schema.texts import CAST, HEAD, VISIT, lines, scenario


@pytest.mark.parametrize(
    ("text", "expected_us"),
    [
        ("250us", 250),
        ("20ms", 20_000),
        ("2s", 2_000_000),
        ("5m", 300_000_000),
        ("24h", 86_400_000_000),
        ("7d", 604_800_000_000),
        ("0s", 0),
        ("-5m", -300_000_000),
    ],
)
def test_duration_is_read_as_microseconds(text: str, expected_us: int) -> None:
    assert duration_us(text) == expected_us


@pytest.mark.parametrize(
    "value",
    [5, 1.5, None, True, "", "5", "s", "1.5s", "5 s", " 5s", "5S", "5sec", "1h30m", "\u0661s"],
)
def test_what_is_no_duration_is_none(value: object) -> None:
    assert duration_us(value) is None


@pytest.mark.parametrize(
    ("text", "expected_bps"),
    [("1bit", 1), ("64kbit", 64_000), ("5Mbit", 5_000_000), ("1Gbit", 10**9)],
)
def test_bandwidth_is_decimal(text: str, expected_bps: int) -> None:
    assert bandwidth_bps(text) == expected_bps


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1B", 1), ("64KiB", 65_536), ("10MiB", 10 * 2**20), ("2GiB", 2**31), ("5MB", None)],
)
def test_sizes_are_binary(text: str, expected: int | None) -> None:
    assert size_bytes(text) == expected


@settings(deadline=None, max_examples=50)
@given(st.integers(0, SCENARIO_DURATION_US_MAX))
def test_duration_reads_back_from_its_text(value_us: int) -> None:
    assert duration_us(duration_text(value_us)) == value_us


@pytest.mark.parametrize(("value_us", "text"), [(0, "0s"), (90_000_000, "90s"), (60_000_000, "1m")])
def test_duration_text_uses_the_largest_unit_without_rest(value_us: int, text: str) -> None:
    assert duration_text(value_us) == text


def test_longest_duration_is_allowed_and_a_longer_one_is_not() -> None:
    assert scenario(HEAD + "run: {until: 3660d}\n").run.until_us == SCENARIO_DURATION_US_MAX
    assert len(lines(HEAD + "run: {until: 3661d}\n")) == 1


def test_horizon_of_zero_is_refused() -> None:
    assert "longer than zero" in lines(HEAD + "run: {until: 0s}\n")[0]


@pytest.mark.parametrize(
    ("loss", "ppm"), [("0", 0), ("1", 10**6), ("0.001", 1_000), ("0.000001", 1)]
)
def test_probability_is_read_as_parts_per_million(loss: str, ppm: int) -> None:
    text = HEAD + f"network: {{link: {{base: 1ms, loss: {loss}}}}}\n"
    assert scenario(text).network.link.loss_ppm == ppm


@pytest.mark.parametrize("loss", ["1.1", "-1", "true", "often", "0.0000001"])
def test_what_is_no_probability_is_refused(loss: str) -> None:
    told = lines(HEAD + f"network: {{link: {{base: 1ms, loss: {loss}}}}}\n")
    assert "wants a probability" in told[0]


@pytest.mark.parametrize("bandwidth", ["5", "0bit", "-5Mbit", "5MB", "fast"])
def test_what_is_no_bandwidth_is_refused(bandwidth: str) -> None:
    told = lines(HEAD + f"network: {{link: {{base: 1ms, bandwidth: {bandwidth}}}}}\n")
    assert "wants a bandwidth like 5Mbit or 1Gbit" in told[0]


@pytest.mark.parametrize("size", ["5", "0B", "-5MiB", "5MB", "much"])
def test_what_is_no_size_is_refused(size: str) -> None:
    told = lines(HEAD + f"run: {{budget: {{memory: {size}}}}}\n")
    assert "wants a size like 64KiB or 10MiB" in told[0]


def test_date_of_a_visit_is_a_date() -> None:
    visit = scenario(CAST + VISIT.replace("id: v", "id: v, date: 2026-01-26")).steps[0]
    assert visit.do == "consult"
    assert visit.date == date(2026, 1, 26)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-13-01", "26-01-26", "2026-1-26", "today", "5"]
)
def test_date_that_does_not_exist_is_refused(text: str) -> None:
    assert "wants a date" in lines(CAST + VISIT.replace("id: v", f"id: v, date: {text}"))[0]


def test_moment_is_read_as_microseconds_since_the_epoch() -> None:
    run = scenario(HEAD + "run: {epoch: 1970-01-01T00:00:01Z}\n").run
    assert run.epoch_us == 1_000_000


@pytest.mark.parametrize(
    "text", ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T25:00:00Z", "1969-12-31T23:59:59Z"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    assert "wants a moment in UTC" in lines(HEAD + f"run: {{epoch: '{text}'}}\n")[0]


@pytest.mark.parametrize(
    ("period", "is_fine"),
    [("1s", True), ("1h", True), ("999ms", False), ("3601s", False), ("1500ms", False)],
)
def test_period_is_whole_seconds_from_a_second_to_an_hour(period: str, is_fine: bool) -> None:
    assert (lines(HEAD + f"chain: {{period: {period}}}\n") == []) is is_fine
