from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.privacy.mondrian import Subject, partition

SUBJECTS = st.lists(
    st.builds(
        Subject,
        st.tuples(
            st.integers(0, 18), st.integers(0, 3), st.integers(0, 2), st.integers(2024, 2026)
        ),
        st.sampled_from("ABCD"),
    ),
    max_size=60,
)


def of(*points: tuple[int, ...], sensitive: str = "AB") -> list[Subject]:
    return [Subject(point, sensitive[at % len(sensitive)]) for at, point in enumerate(points)]


def test_the_widest_dimension_is_cut_at_its_median() -> None:
    subjects = of((0, 0), (1, 0), (8, 1), (9, 1))
    assert partition(subjects, k=2, l=2).classes == ((0, 1), (2, 3))


def test_width_is_judged_by_share_of_the_whole_not_by_number() -> None:
    """The first group spans 10 of 100 in the first dimension and all of the second."""
    subjects = of((0, 0), (10, 1), (1, 1), (9, 0), (100, 0), (100, 1), (100, 1), (100, 0))
    classes = partition(subjects, k=2, l=1).classes
    assert (0, 3) in classes
    assert (1, 2) in classes


def test_equal_widths_are_cut_in_field_order() -> None:
    subjects = of((0, 0), (0, 9), (9, 0), (9, 9), sensitive="A")
    assert partition(subjects, k=2, l=1).classes == ((0, 1), (2, 3))


def test_a_dimension_that_cannot_be_cut_gives_way_to_the_next() -> None:
    """Cut by the first, each half would have one diagnosis only."""
    subjects = [
        Subject((0, 0), "A"),
        Subject((0, 1), "A"),
        Subject((9, 0), "B"),
        Subject((9, 1), "B"),
    ]
    assert partition(subjects, k=2, l=2).classes == ((0, 2), (1, 3))


def test_a_median_that_is_the_greatest_value_still_cuts() -> None:
    subjects = of((0,), (0,), (5,), (5,), (5,), (5,))
    assert partition(subjects, k=2, l=1).classes == ((0, 1), (2, 3, 4, 5))


@pytest.mark.parametrize(
    ("count", "sensitive", "k", "l"), [(0, "A", 1, 1), (4, "AB", 5, 2), (9, "A", 2, 2)]
)
def test_who_cannot_be_hidden_even_among_all_is_suppressed(
    count: int, sensitive: str, k: int, l: int
) -> None:
    subjects = of(*((at,) for at in range(count)), sensitive=sensitive)
    grouping = partition(subjects, k=k, l=l)
    assert (grouping.classes, grouping.suppressed) == ((), tuple(range(count)))


@pytest.mark.parametrize(("k", "l"), [(0, 1), (1, 0)])
def test_terms_below_one_are_no_terms(k: int, l: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        partition([], k=k, l=l)


def test_points_have_one_length() -> None:
    with pytest.raises(ValueError, match="different numbers"):
        partition(of((1,), (1, 2)), k=1, l=1)


@given(SUBJECTS, st.integers(1, 6), st.integers(1, 3))
def test_classes_are_large_and_diverse_and_everybody_is_in_one_or_suppressed(
    subjects: list[Subject], k: int, l: int
) -> None:
    grouping = partition(subjects, k=k, l=l)
    placed = Counter(at for group in grouping.classes for at in group)
    assert placed + Counter(grouping.suppressed) == Counter(range(len(subjects)))
    for group in grouping.classes:
        assert len(group) >= k
        assert len({subjects[at].sensitive for at in group}) >= l


@given(SUBJECTS, st.integers(2, 5), st.integers(1, 2))
def test_strict_classes_do_not_overlap(subjects: list[Subject], k: int, l: int) -> None:
    """Nobody of one class lies in the box of another, or a cut was not strict."""
    boxes = []
    for group in partition(subjects, k=k, l=l).classes:
        columns = list(zip(*(subjects[at].quasi for at in group), strict=True))
        boxes.append((group, [min(each) for each in columns], [max(each) for each in columns]))
    for group, low, high in boxes:
        for other, _, _ in boxes:
            if other is group:
                continue
            for at in other:
                point = subjects[at].quasi
                inside = all(a <= x <= b for a, x, b in zip(low, point, high, strict=True))
                assert not inside


@given(SUBJECTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_no_class(subjects, k: int, random) -> None:
    def points(people, grouping):
        return sorted(
            sorted((people[at].quasi, people[at].sensitive) for at in group)
            for group in grouping.classes
        )

    mixed = list(subjects)
    random.shuffle(mixed)
    assert points(subjects, partition(subjects, k=k, l=2)) == points(
        mixed, partition(mixed, k=k, l=2)
    )
