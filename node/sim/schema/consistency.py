"""Rules between the parts of a file that are not about names: times, sharing, forms of a step.

Works on plain data and says nothing where a value has the wrong type: the models do that.
"""

from collections.abc import Sequence
from typing import Any, Final

from node.base.limits import CUSTODIAN_SHARES_COUNT_MAX, SHARE_RULE_HOLDERS_COUNT_MAX
from node.sim.schema.access_steps import RECIPIENTS
from node.sim.schema.expand import node_ids
from node.sim.schema.expectations import MODES
from node.sim.schema.fault_checks import check_chaos, check_fault
from node.sim.schema.faults import Loc, shown
from node.sim.schema.settings import Run, Sharing
from node.sim.schema.storage import LIVE_CHALLENGES_MIN, Storage
from node.sim.schema.translate import locate
from node.sim.schema.tree import Tree
from node.sim.schema.units import duration_text, duration_us

_OF_RECIPIENTS: Final = frozenset({"request_access", "grant", "read_record"})
_OF_DIRECT: Final = ("pmr", "purpose", "scope")
"""What a grant says that answers no request."""
_RECORD_STEPS = ("consult", "perform_lab", "second_opinion", "file_readings")


def check_consistency(tree: Tree, data: dict[str, Any], steps: Sequence[str]) -> None:
    """Add a fault for each contradiction; ``steps`` are the ids of all steps."""
    records = data.get("records", {})
    found = records.get("sharing", {}) if isinstance(records, dict) else None
    sharing = found if isinstance(found, dict) else None
    if sharing is not None:
        _check_sharing(tree, data, sharing)
    _check_storage(tree, data.get("storage"))
    horizon = _horizon(data)
    starts: dict[str, int] = {}
    clock = 0
    for index, step in enumerate(_items(data, "steps")):
        if isinstance(step, dict):
            loc: Loc = ("steps", index)
            _check_forms(tree, step, loc)
            if horizon is not None:
                clock = _check_times(tree, step, loc, (clock, horizon), starts)
        starts[steps[index]] = clock
    for index, fault in enumerate(_items(data, "faults")):
        if isinstance(fault, dict):
            check_fault(tree, fault, ("faults", index), horizon, starts)
    check_chaos(tree, data.get("chaos"), horizon)
    for index, expectation in enumerate(_items(data, "expect")):
        if isinstance(expectation, dict):
            _check_expectation(tree, expectation, ("expect", index), horizon)
            holders = None if sharing is None else sharing.get("n")
            _check_share_rule(tree, expectation, ("expect", index), holders)


def _check_sharing(tree: Tree, data: dict[str, Any], sharing: dict[str, Any]) -> None:
    """Check t of n, and custodians on hospitals under the cap (content-store.md section 13)."""
    t, n = sharing.get("t", Sharing().t), sharing.get("n", Sharing().n)
    if type(t) is not int or type(n) is not int or t < 2:
        return
    loc: Loc = ("records", "sharing")
    if t > n:
        key = "t" if "t" in sharing else "n"
        _add(tree, (*loc, key), f"t at most n, which is {n}", f"t = {t}")
        return
    uses = [
        s for s in _items(data, "steps") if isinstance(s, dict) and s.get("do") in _RECORD_STEPS
    ]
    nodes = node_ids(data)
    if nodes is None or not (uses or sharing):
        return
    cap = CUSTODIAN_SHARES_COUNT_MAX
    custodians, possible = n - 1, len(set(nodes)) * cap
    if custodians > possible:
        _add(
            tree,
            (*loc, "n") if "n" in sharing else ("network", "validators"),
            f"hospitals for {custodians} custodian shares, at most {cap} each",
            f"{len(nodes)}, which hold {possible}",
            f"more hospitals, or n of at most {possible + 1}",
        )


def _check_storage(tree: Tree, storage: object) -> None:
    """Check that copies have a ceiling above their floor, and that who answers lives on."""
    if not isinstance(storage, dict):
        return
    fewest, most = storage.get("rf_min", Storage().rf_min), storage.get("rf_max", Storage().rf_max)
    if type(fewest) is int and type(most) is int and fewest > most:
        key = "rf_min" if "rf_min" in storage else "rf_max"
        wants = f"rf_min at most rf_max, which is {most}"
        _add(tree, ("storage", key), wants, f"rf_min = {fewest}")
    live = duration_us(storage.get("live")) if "live" in storage else Storage().live_us
    asked = duration_us(storage.get("challenge"))
    asked = Storage().challenge_us if "challenge" not in storage else asked
    if live is not None and asked is not None and live < LIVE_CHALLENGES_MIN * asked:
        key = "live" if "live" in storage else "challenge"
        wants = f"live of at least {LIVE_CHALLENGES_MIN} times challenge, {duration_text(asked)}"
        _add(tree, ("storage", key), wants, duration_text(live))


def _check_forms(tree: Tree, step: dict[str, Any], loc: Loc) -> None:
    if step.get("error") is not None and step.get("expect", "ok") == "ok":
        wants = "expect: refused or revert beside it"
        _add(tree, (*loc, "error"), wants, f"{shown(step['error'])} and expect: ok")
    _check_recipient(tree, step, loc)
    for key in ("custodians", "scope"):
        found = step.get(key)
        listed = found if isinstance(found, tuple) else ()
        for index, item in enumerate(listed):
            if item in listed[:index]:
                _add(tree, (*loc, key, index), "each entry once", f"{shown(item)} again")


def _check_recipient(tree: Tree, step: dict[str, Any], loc: Loc) -> None:
    """Check that who reads is named once, and that a grant answers a request or is direct."""
    do = step.get("do")
    if not isinstance(do, str) or do not in _OF_RECIPIENTS:
        return
    named = [key for key in RECIPIENTS if step.get(key) is not None]
    wants = f"one of {', '.join(RECIPIENTS)}"
    if do == "grant" and step.get("request") is not None:
        for key in (*named, *(each for each in _OF_DIRECT if step.get(each) is not None)):
            _add(tree, (*loc, key), "either request, or who reads and pmr", "both")
        return
    for key in named[1:]:
        _add(tree, (*loc, key), wants, f"{key} and {named[0]}")
    if do == "grant" and (not named or step.get("pmr") is None):
        alone = (*named, *(["pmr"] if step.get("pmr") is not None else []))
        got = f"{alone[0]} alone" if alone else "neither"
        _add(tree, (*loc, "do"), "either request, or who reads and pmr", got)
    elif not named:
        _add(tree, (*loc, "do"), wants, "none")


def _check_times(
    tree: Tree, step: dict[str, Any], loc: Loc, window: tuple[int, int], starts: dict[str, int]
) -> int:
    """Give the earliest start of a step; add faults for what lies behind the horizon.

    ``window``    earliest end of the step before, and the horizon, both in microseconds.
    """
    previous, horizon = window
    earliest = previous
    at = step.get("at")
    own = duration_us(at)
    if own is not None:
        earliest = own
    elif isinstance(at, dict):
        delay = duration_us(at.get("delay", "0s"))
        earliest = starts.get(str(at.get("after")), 0) + (delay or 0)
    wants = f"a time before the end of the run at {duration_text(horizon)}"
    if at is not None and earliest >= horizon:
        _add(tree, (*loc, "at"), wants, f"{duration_text(earliest)} at the earliest")
    timeout = duration_us(step.get("timeout"))
    if timeout is not None and earliest < horizon < earliest + timeout:
        got = f"{duration_text(earliest + timeout)} at the earliest"
        _add(tree, (*loc, "timeout"), f"a timeout that ends by {duration_text(horizon)}", got)
    return earliest


def _check_expectation(
    tree: Tree, expectation: dict[str, Any], loc: Loc, horizon: int | None
) -> None:
    modes = [mode for mode in MODES if expectation.get(mode) is not None]
    for mode in modes[1:]:
        _add(tree, (*loc, mode), "one of always, never, eventually", f"{modes[0]} and {mode}")
    if not modes:
        _add(tree, loc, "one of always, never, eventually", "none")
        return
    lasting = modes[0] != "eventually"
    for key in ("by", "and_stay") if lasting else ("until",):
        if expectation.get(key) is not None:
            wants = f"{key} only with {'eventually' if lasting else 'always and never'}"
            _add(tree, (*loc, key), wants, modes[0])
    if horizon is None:
        return
    for key in ("by", "from", "until"):
        value = duration_us(expectation.get(key))
        if value is not None and value > horizon - (key == "from"):
            wants = f"a time within the run, which ends at {duration_text(horizon)}"
            _add(tree, (*loc, key), wants, duration_text(value))
    begin = duration_us(expectation.get("from"))
    for key in ("until", "by"):
        end = duration_us(expectation.get(key))
        if begin is not None and end is not None and begin >= end:
            _add(tree, (*loc, key), f"a time after {duration_text(begin)}", duration_text(end))


def _check_share_rule(tree: Tree, expectation: dict[str, Any], loc: Loc, holders: object) -> None:
    """All subsets of the holders are tried, so their number is bounded."""
    if type(holders) is not int or holders <= SHARE_RULE_HOLDERS_COUNT_MAX:
        return
    for mode in MODES:
        predicate = expectation.get(mode)
        if isinstance(predicate, dict) and "share_rule" in predicate:
            wants = f"records.sharing.n of at most {SHARE_RULE_HOLDERS_COUNT_MAX}"
            _add(tree, (*loc, mode, "share_rule"), wants, str(holders))


def _horizon(data: dict[str, Any]) -> int | None:
    run = data.get("run", {})
    if not isinstance(run, dict):
        return None
    if "until" not in run:
        return int(Run().until_us)
    found = duration_us(run["until"])
    return found if found is not None and found > 0 else None


def _items(data: dict[str, Any], key: str) -> tuple[Any, ...]:
    found = data.get(key)
    return found if isinstance(found, tuple) else ()


def _add(tree: Tree, loc: Loc, wants: str, got: str, hint: str = "") -> None:
    tree.faults.add(locate(tree.root, loc)[1], loc, wants=wants, got=got, hint=hint)
