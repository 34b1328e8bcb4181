from dataclasses import replace
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.sss import errors
from node.sss.drbg import SeedsUsed, Stream
from node.sss.gf256 import add, invert, multiply
from node.sss.refresh import apply_delta, delta_shares
from node.sss.repair import RepairPlan, contribution, draw_masks, join
from node.sss.shares import Kind, Scheme, container_of
from tests.sss.deals import cases, make_deal, unhex

DEAL = make_deal()
PLANS = [(t, n) for n in range(3, 8) for t in range(2, n)]


def _plan(target: int = 2, helpers: tuple[int, ...] = (1, 4), made=DEAL, epoch: int = 0):
    return RepairPlan(made.header, epoch, target, helpers)


def _exchange(plan: RepairPlan) -> dict[int, dict[int, bytes]]:
    """Let every helper draw, and give each the masks it then knows."""
    masks: dict[int, dict[int, bytes]] = {helper: {} for helper in plan.helpers}
    for helper in plan.helpers:
        stream = Stream(bytes(47) + bytes([helper]), SeedsUsed())
        for other, mask in draw_masks(plan, helper, stream).items():
            masks[helper][other] = masks[other][helper] = mask
    return masks


def _contributions(plan: RepairPlan, shares) -> dict[int, bytes]:
    masks = _exchange(plan)
    return {x: contribution(plan, shares[x - 1], masks[x]) for x in plan.helpers}


# ---- the share comes back


@pytest.mark.conformance
def test_the_vectors_contributions_and_repaired_share_come_out():
    for case in cases("repair"):
        made = make_deal(t=case["t"], n=case["n"])
        helpers = tuple(sorted(int(x) for x in case["custodians"]))
        plan = _plan(case["target"], helpers, made)
        masks: dict[int, dict[int, bytes]] = {helper: {} for helper in helpers}
        for pair, mask in case["masks"].items():
            i, j = map(int, pair.split("-"))
            masks[i][j] = masks[j][i] = unhex(mask)
        parts = {
            x: contribution(
                plan,
                container_of(
                    made.header, Kind.CUSTODIAN, x, bytes(32), unhex(case["custodians"][str(x)])
                ),
                masks[x],
            )
            for x in helpers
        }
        wanted = {int(x): unhex(part) for x, part in case["contributions"].items()}
        assert parts == wanted
        assert join(plan, parts, salt=bytes(32)).payload == unhex(case["repaired"])


@pytest.mark.parametrize(("t", "n"), PLANS)
def test_every_helper_set_repairs_every_index_and_under_the_old_salt_the_same_container(t, n):
    made = make_deal(t=t, n=n)
    for target in range(1, n):
        lost = made.custodians[target - 1]
        others = [x for x in range(1, n) if x != target]
        for helpers in combinations(others, t - 1):
            plan = _plan(target, helpers, made)
            parts = _contributions(plan, made.custodians)
            assert join(plan, parts, salt=lost.salt) == lost


def test_a_fresh_salt_makes_another_digest_of_the_same_share():
    plan = _plan()
    again = join(plan, _contributions(plan, DEAL.custodians), salt=b"\x07" * 32)
    assert again.payload == DEAL.custodians[1].payload
    assert again.digest() != DEAL.custodians[1].digest()


def test_the_repaired_share_is_of_the_helpers_epoch():
    stream = Stream(bytes(48), SeedsUsed())
    deltas = delta_shares(DEAL.header, b"a" * 32, b"b" * 32, epoch=1, stream=stream)
    moved = [apply_delta(y, delta) for y, delta in zip(DEAL.custodians, deltas, strict=True)]
    plan = _plan(epoch=1)
    got = join(plan, _contributions(plan, moved), salt=moved[1].salt)
    assert got == moved[1]


@given(st.integers(0, 255), st.integers(0, 31))
def test_one_wrong_contribution_spoils_the_share(flip, position):
    plan = _plan()
    parts = _contributions(plan, DEAL.custodians)
    wrong = bytearray(parts[4])
    wrong[position] ^= flip
    got = join(plan, {**parts, 4: bytes(wrong)}, salt=bytes(32))
    assert (got.payload == DEAL.custodians[1].payload) is (flip == 0)


def test_of_a_pair_the_lower_index_draws():
    plan = _plan(2, (1, 3, 4), make_deal(t=4, n=6))
    stream = Stream(bytes(48), SeedsUsed())
    drawn = {x: tuple(draw_masks(plan, x, stream)) for x in plan.helpers}
    assert drawn == {1: (3, 4), 3: (4,), 4: ()}


# ---- what the parts tell: linear algebra over GF(2^8), on the rows that the code itself makes


@cache
def _rows(t: int, target: int, helpers: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Give what each party sees as rows over the unknowns: a_0 = k', a_1 .., then the masks.

    The code is linear in shares and masks, so running it on unit vectors gives the columns.
    """
    made = make_deal(t=t, n=7)
    plan = _plan(target, helpers, made)
    pairs = list(combinations(helpers, 2))
    columns: list[dict[str, int]] = []
    for unknown in range(t - 1 + len(pairs)):
        values = {x: _power(x, unknown) if unknown < t - 1 else 0 for x in helpers}
        masks = {pair: int(unknown == t - 1 + at) for at, pair in enumerate(pairs)}
        seen = {f"y{x}": value for x, value in values.items()}
        for x in helpers:
            own = {
                i if x == j else j: bytes([mask]) * 32
                for (i, j), mask in masks.items()
                if x in (i, j)
            }
            share = replace(made.custodians[x - 1], payload=bytes([values[x]]) * 32)
            seen[f"c{x}"] = contribution(plan, share, own)[0]
            seen |= {f"m{x}-{other}": mask[0] for other, mask in own.items()}
        columns.append(seen)
    return {name: tuple(column[name] for column in columns) for name in columns[0]}


def _power(x: int, exponent: int) -> int:
    value = 1
    for _ in range(exponent):
        value = multiply(value, x)
    return value


def _rank(rows) -> int:
    left, rank = [list(row) for row in rows], 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        rank += 1
        inverse = invert(pivot[column])
        for row in left:
            factor = multiply(row[column], inverse)
            row[:] = [a ^ multiply(factor, b) for a, b in zip(row, pivot, strict=True)]
    return rank


def _tells(seen: list[tuple[int, ...]], wanted: tuple[int, ...]) -> bool:
    """Say whether some combination of what is seen gives the wanted one."""
    return _rank([*seen, wanted]) == _rank(seen)


def _own(rows, helper: int):
    mine = (f"y{helper}", f"c{helper}")
    return [row for name, row in rows.items() if name in mine or name.startswith(f"m{helper}-")]


def _secret(rows) -> tuple[int, ...]:
    return tuple(int(at == 0) for at in range(len(next(iter(rows.values())))))


REPAIRS = [
    (t, target, helpers)
    for t in (3, 4, 5)
    for target in (1, 4)
    for helpers in list(combinations([x for x in range(1, 7) if x != target], t - 1))[:4]
]


@pytest.mark.parametrize(("t", "target", "helpers"), REPAIRS)
def test_all_contributions_tell_the_newcomer_its_share_and_nothing_about_k(t, target, helpers):
    rows = _rows(t, target, helpers)
    parts = [rows[f"c{x}"] for x in helpers]
    lost = tuple(_power(target, at) if at < t - 1 else 0 for at in range(len(parts[0])))
    assert _tells(parts, lost)
    assert not _tells(parts, _secret(rows))
    for x in helpers:
        assert not _tells(parts, rows[f"y{x}"])


@pytest.mark.parametrize(("t", "target", "helpers"), REPAIRS)
def test_with_all_but_one_contribution_nothing_is_told_at_all(t, target, helpers):
    rows = _rows(t, target, helpers)
    for missing in helpers:
        parts = [rows[f"c{x}"] for x in helpers if x != missing]
        # over all masks they are uniform: their mask columns alone have full rank
        assert _rank([row[t - 1 :] for row in parts]) == len(parts)


@pytest.mark.parametrize(("t", "target", "helpers"), REPAIRS)
def test_a_newcomer_and_k_minus_2_helpers_learn_nothing_about_k(t, target, helpers):
    rows = _rows(t, target, helpers)
    parts = [rows[f"c{x}"] for x in helpers]
    for count in range(t - 2):
        for bad in combinations(helpers, count):
            seen = parts + [row for x in bad for row in _own(rows, x)]
            assert not _tells(seen, _secret(rows))


@pytest.mark.parametrize(("t", "target", "helpers"), REPAIRS)
def test_a_newcomer_and_k_minus_1_helpers_are_k_custodians_and_do_open(t, target, helpers):
    """The border from the other side: k points are k points, however they were come by."""
    rows = _rows(t, target, helpers)
    seen = [rows[f"c{x}"] for x in helpers] + [r for x in helpers[1:] for r in _own(rows, x)]
    assert _tells(seen, _secret(rows))


def test_without_masks_the_newcomer_would_learn_everything():
    """What the masks are for: the rows of the same code with zero masks do tell k'."""
    rows = _rows(3, 1, (2, 3))
    bare = [rows[f"c{x}"][:2] for x in (2, 3)]
    assert _tells(bare, (1, 0))


# ---- what is refused


@pytest.mark.parametrize(
    ("target", "helpers", "rule"),
    [
        (0, (1, 4), "1 .. 4"),
        (5, (1, 4), "1 .. 4"),
        (2, (), "wants 2 helpers, got 0"),
        (2, (1,), "wants 2 helpers, got 1"),
        (2, (1, 3, 4), "wants 2 helpers, got 3"),
        (2, (4, 1), "ascending"),
        (2, (1, 1), "distinct"),
        (2, (1, 2), "other indices"),
        (2, (0, 1), "other indices"),
        (2, (1, 5), "other indices"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_name(target, helpers, rule):
    with pytest.raises(errors.RepairPlanError, match=rule):
        _plan(target, helpers)


@pytest.mark.parametrize("scheme", [Scheme.NLSS_Q, Scheme.SSMS_FELDMAN])
def test_shares_that_are_not_linear_over_bytes_are_not_repaired(scheme):
    with pytest.raises(errors.RepairPlanError, match="not linear"):
        RepairPlan(replace(DEAL.header, scheme=scheme), 0, 2, (1, 4))


def test_a_share_of_the_xor_scheme_is_repaired_over_its_whole_length():
    header = replace(DEAL.header, scheme=Scheme.XOR, nonce=bytes(12), plaintext_length=3)
    plan = RepairPlan(header, 0, 2, (1, 4))
    assert plan.length == 35
    zero = container_of(header, Kind.CUSTODIAN, 1, bytes(32), bytes(35))
    assert contribution(plan, zero, {4: b"m" * 35}) == b"m" * 35


def test_a_share_of_another_deal_epoch_or_kind_is_no_contribution():
    plan, share, masks = _plan(), DEAL.custodians[0], {4: bytes(32)}
    with pytest.raises(errors.MixedRecordsError):
        contribution(plan, make_deal(seed=2).custodians[0], masks)
    with pytest.raises(errors.MixedEpochsError):
        contribution(plan, replace(share, epoch=1), masks)
    with pytest.raises(errors.ShareFormatError, match="kind"):
        contribution(plan, replace(share, kind=Kind.GRANT), masks)
    with pytest.raises(errors.RepairPlanError, match="index 3 takes no part"):
        contribution(plan, DEAL.custodians[2], masks)


@pytest.mark.parametrize(
    "masks", [{}, {3: bytes(32)}, {3: bytes(32), 4: bytes(32)}, {4: bytes(31)}, {4: b""}]
)
def test_masks_of_other_pairs_or_lengths_are_refused(masks):
    with pytest.raises(errors.RepairPlanError, match="one mask of 32 bytes"):
        contribution(_plan(), DEAL.custodians[0], masks)


def test_a_missing_strange_or_short_contribution_is_refused():
    plan = _plan()
    parts = _contributions(plan, DEAL.custodians)
    with pytest.raises(errors.ShareMissingError, match="present: 1"):
        join(plan, {1: parts[1]}, salt=bytes(32))
    with pytest.raises(errors.RepairPlanError, match="came from 1, 3, 4"):
        join(plan, {**parts, 3: bytes(32)}, salt=bytes(32))
    with pytest.raises(errors.RepairPlanError, match="32 bytes"):
        join(plan, {**parts, 4: parts[4][:-1]}, salt=bytes(32))


def test_masks_are_drawn_by_helpers_only():
    with pytest.raises(errors.RepairPlanError, match="index 3 takes no part"):
        draw_masks(_plan(), 3, Stream(bytes(48), SeedsUsed()))


def test_a_contribution_is_not_the_bare_part():
    plan = _plan()
    masks = _exchange(plan)
    with_mask = contribution(plan, DEAL.custodians[0], masks[1])
    bare = contribution(plan, DEAL.custodians[0], {4: bytes(32)})
    assert add(with_mask, bare) == masks[1][4] != bytes(32)
