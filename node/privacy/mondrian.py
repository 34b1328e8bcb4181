"""Groups of people who cannot be told apart: strict multidimensional partitioning by medians.

Each subject is a point of ordinals, one per quasi-identifier, with one sensitive value.  A group is
cut at the median of its widest dimension, as long as both halves keep at least k subjects and at
least l different sensitive values; the groups that remain are the equivalence classes.  Nothing is
drawn at random, so equal input gives equal classes, and input order does not matter.
Source: LeFevre, DeWitt, Ramakrishnan, "Mondrian Multidimensional K-Anonymity" (ICDE 2006),
strict partitioning; distinct l-diversity as in Machanavajjhala et al. (ICDE 2006).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Subject:
    """One person, as far as grouping is concerned."""

    quasi: tuple[int, ...]
    """One ordinal for each quasi-identifier, in field order."""
    sensitive: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """Places of the subjects, ascending inside a class."""

    classes: tuple[tuple[int, ...], ...]
    """Ordered by the least point of each."""
    suppressed: tuple[int, ...]
    """Who is in no class: all, if even all together are too few or too alike."""


@dataclass(frozen=True, slots=True)
class _Terms:
    subjects: Sequence[Subject]
    widths: tuple[int, ...]
    """Of each dimension over all subjects."""
    k: int
    l: int  # noqa: E741 - the letter of the literature

    def keeps(self, group: Sequence[int]) -> bool:
        """Say whether a group may stand."""
        if len(group) < self.k:
            return False
        return len({self.subjects[at].sensitive for at in group}) >= self.l


def partition(subjects: Sequence[Subject], *, k: int, l: int) -> Grouping:  # noqa: E741 - as above
    """Group subjects so that each class has at least ``k`` of them and ``l`` sensitive values.

    ``subjects``  all with the same number of quasi-identifiers.
    raises        ValueError: k or l below 1, or points of different lengths.
    """
    if k < 1 or l < 1:
        raise ValueError(f"k = {k} and l = {l}, wants both to be at least 1")
    if len({len(each.quasi) for each in subjects}) > 1:
        raise ValueError("the subjects have different numbers of quasi-identifiers")
    everybody = tuple(range(len(subjects)))
    columns = zip(*(each.quasi for each in subjects), strict=True)
    widths = tuple(max(column) - min(column) for column in columns)
    terms = _Terms(subjects, widths, k, l)
    if not terms.keeps(everybody):
        return Grouping((), everybody)
    classes: list[tuple[int, ...]] = []
    todo = [everybody]
    while todo:
        group = todo.pop()
        halves = _cut(terms, group)
        if halves is None:
            classes.append(group)
        else:
            todo += halves
    classes.sort(key=lambda group: (min(subjects[at].quasi for at in group), group))
    return Grouping(tuple(classes), ())


def _cut(terms: _Terms, group: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Cut a group in the widest dimension that allows it; None: it cannot be cut."""
    for dimension in _widest_first(terms, group):
        values = sorted(terms.subjects[at].quasi[dimension] for at in group)
        median = values[(len(values) - 1) // 2]
        if median == values[-1]:
            # most share the greatest value: the others go to the other side
            median = max(value for value in values if value < median)
        low = tuple(at for at in group if terms.subjects[at].quasi[dimension] <= median)
        high = tuple(at for at in group if terms.subjects[at].quasi[dimension] > median)
        if terms.keeps(low) and terms.keeps(high):
            return low, high
    return None


def _widest_first(terms: _Terms, group: tuple[int, ...]) -> list[int]:
    """Give the dimensions in which a group differs, by share of the whole width; ties: in order."""
    shares: list[tuple[Fraction, int]] = []
    for dimension, width in enumerate(terms.widths):
        values = [terms.subjects[at].quasi[dimension] for at in group]
        spread = max(values) - min(values)
        if spread:
            shares.append((Fraction(-spread, width), dimension))
    return [dimension for _, dimension in sorted(shares)]
