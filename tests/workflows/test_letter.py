from node.base.rng import TreeEntropy
from node.privacy.record import commitment
from node.workflows.letter import Letter, write_letter


def test_a_letter_is_committed_to_under_a_salt_of_its_own() -> None:
    entropy = TreeEntropy(1, "letter")
    one, other = (write_letter("same text", entropy) for _ in range(2))
    assert one.commitment() == commitment(one.salt, b"same text")
    assert one.commitment() != other.commitment()


def test_what_it_says_is_not_shown_by_accident() -> None:
    letter = Letter("a secret", b"\1" * 32)
    assert "secret" not in repr(letter)
