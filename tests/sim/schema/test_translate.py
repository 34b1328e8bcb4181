"""pydantic's places in the data to places in the file."""

import pytest

from node.sim.schema.faults import Place
from node.sim.schema.translate import locate
from node.sim.schema.tree import parse
from tests.sim.schema.texts import CAST, HEAD, faults, lines

_ROOT = parse("a:\n  - b: 1\n    c: {d: 2}\n", "x").root


@pytest.mark.parametrize(
    ("loc", "path", "place"),
    [
        ((), (), Place(1, 1)),
        (("a",), ("a",), Place(1, 1)),
        (("a", 0), ("a", 0), Place(2, 5)),
        (("a", 0, "c"), ("a", 0, "c"), Place(3, 5)),
        (("a", 0, "c", "d"), ("a", 0, "c", "d"), Place(3, 9)),
        (("a", 0, "tag", "c", "d"), ("a", 0, "c", "d"), Place(3, 9)),
        (("a", 1), ("a",), Place(1, 1)),
        (("z",), (), Place(1, 1)),
    ],
)
def test_locate_gives_keys_and_items_and_skips_what_the_file_has_not(loc, path, place) -> None:
    assert locate(_ROOT, loc) == (path, place)


def test_missing_key_points_at_the_first_key_of_its_mapping() -> None:
    (fault,) = faults(HEAD + "actors:\n  labs:\n    lab-a: {}\n    lab-b:\n      hospital: h0\n")
    assert (fault.line, fault.column, fault.path) == (5, 12, "actors.labs.lab-a.hospital")


def test_key_is_not_called_missing_where_a_merge_key_was_refused() -> None:
    told = lines(HEAD + "actors: {labs: {lab-a: {<<: {hospital: h0}}}}\n")
    assert [line for line in told if "wants this key" in line] == []
    assert len(told) == 1


def test_nothing_is_said_about_the_value_of_an_alias() -> None:
    assert len(lines(HEAD + "run: *a\n")) == 1


def test_stray_key_with_the_name_of_the_action_does_not_move_positions() -> None:
    text = CAST + "steps:\n  - do: revoke\n    revoke: 1\n    patient: 5\n    grant: 6\n"
    assert [(fault.line, fault.path) for fault in faults(text)] == [
        (6, "steps[0].revoke"),
        (7, "steps[0].patient"),
        (8, "steps[0].grant"),
    ]


def test_unknown_key_below_a_list_of_links_names_the_keys_there() -> None:
    text = HEAD + "network: {links: [{between: [h0, h1], link: lan, both: true}]}\n"
    assert lines(text)[0].endswith('unknown key "both"; keys here: between, link, oneway')


def test_unknown_key_of_a_start_names_the_keys_there() -> None:
    text = CAST + "steps: [{do: onboard_doctor, doctor: doc-1, at: {after: x, wait: 5s}}]\n"
    assert any(line.endswith('unknown key "wait"; keys here: after, delay') for line in lines(text))
