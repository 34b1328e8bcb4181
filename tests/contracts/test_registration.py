import pytest

from node.contracts.registration import (
    RegistrationCodeError,
    registration_text,
    registration_word,
)


@pytest.mark.parametrize("text", ["TN/2020-1.A", "tn/2020-1.a", " TN/2020-1 .A\n"])
def test_spellings_of_one_number_give_one_word(text: str) -> None:
    assert registration_word(text) == b"TN/2020-1.A".ljust(32, b"\0")


def test_word_of_full_length_has_no_padding() -> None:
    assert registration_word("A" * 32) == b"A" * 32


@pytest.mark.parametrize("text", ["", "  ", "A" * 33])
def test_empty_or_long_text_is_refused(text: str) -> None:
    with pytest.raises(RegistrationCodeError, match="1 to 32 characters"):
        registration_word(text)


@pytest.mark.parametrize("text", ["A_B", "ÄB", "A\x00B", "A:B"])
def test_other_characters_are_refused(text: str) -> None:
    with pytest.raises(RegistrationCodeError, match="only"):
        registration_word(text)


def test_text_comes_back_from_its_word() -> None:
    assert registration_text(registration_word("UPRN-7")) == "UPRN-7"


def test_zero_word_is_no_text() -> None:
    assert registration_text(bytes(32)) == ""
