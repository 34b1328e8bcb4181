import pytest

from node.sim.checkers.canaries import CanaryScanner


def test_equal_bytes_are_searched_once():
    scanner = CanaryScanner([b"marker"])
    scanner.search("a", b"nothing here")
    scanner.search("b", b"nothing here")
    assert scanner.bytes_searched == 12


def test_a_pattern_character_in_a_canary_is_taken_literally():
    assert CanaryScanner([b"a.c*"]).search("x", b"abcc") is None


def test_the_finding_does_not_repeat_the_word():
    assert "secret" not in CanaryScanner([b"secret word"]).search("x", b"a secret word")


@pytest.mark.parametrize("words", [[], [b"abc"]])
def test_a_scanner_that_could_find_nothing_or_anything_is_refused(words):
    with pytest.raises(ValueError, match="four bytes"):
        CanaryScanner(words)
