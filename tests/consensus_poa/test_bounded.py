from node.consensus_poa.bounded import Bounded


def filled() -> Bounded[str, int]:
    kept: Bounded[str, int] = Bounded(2)
    kept["a"], kept["b"] = 1, 2
    return kept


def test_the_oldest_entry_makes_room() -> None:
    kept = filled()
    kept["c"] = 3
    assert list(kept) == ["b", "c"]


def test_writing_a_known_key_keeps_its_place_and_evicts_nothing() -> None:
    kept = filled()
    kept["a"] = 9
    assert list(kept.items()) == [("a", 9), ("b", 2)]


def test_a_touched_entry_is_the_newest() -> None:
    kept = filled()
    kept.touch("a")
    kept["c"] = 3
    assert list(kept) == ["a", "c"]


def test_one_entry_is_the_least() -> None:
    kept: Bounded[str, int] = Bounded(1)
    kept["a"], kept["b"] = 1, 2
    assert list(kept) == ["b"]
