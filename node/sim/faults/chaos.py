"""Random faults: drawn from the seed before the run, within what a network must bear.

The result is plain faults, so a run is repeated and shrunk by what stands in resolved.json
(simulation.md section 11).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from node.base.rng import TreeEntropy
from node.consensus_poa.quorum import faulty_max
from node.sim.schema.injection import FAULT_MODELS, AnyFault, Chaos

_BFT: Final = ("qbft", "ibft1")
Values: TypeAlias = dict[str, Any]
"""Fields of a fault as a file would write them."""


@dataclass(frozen=True, slots=True)
class _Spell:
    """When a fault acts, and how many validators it takes out of the budget."""

    begins_us: int
    ends_us: int
    costs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the faults fall on."""

    seed: int
    consensus: str
    validators: tuple[str, ...]

    @property
    def budget(self) -> int:
        """Give how many validators may be Byzantine or down at a time.

        BFT engines: f = floor((n-1)/3).  Clique and AuRa need a majority that runs.
        """
        count = len(self.validators)
        return faulty_max(count) if self.consensus in _BFT else (count - 1) // 2


def expand_chaos(setting: Setting, chaos: Chaos) -> tuple[AnyFault, ...]:
    """Give the faults that ``chaos`` stands for, in the order in which they begin."""
    drawn = [one for family in chaos.families for one in _family(setting, chaos, family)]
    drawn.sort(key=lambda one: (one[0], one[1]))
    faults: list[AnyFault] = []
    spells: list[_Spell] = []
    for begins_us, _, entropy, family in drawn:
        lasting_us = _between(entropy, chaos.every_us // 2, chaos.every_us * 2)
        ends_us = begins_us + lasting_us
        beside = [one for one in spells if one.ends_us > begins_us]
        if ends_us >= chaos.until_us or len(beside) >= chaos.active:
            continue
        taken = frozenset[str]().union(*(one.costs for one in beside))
        found = _DRAWS[family](setting, entropy, taken)
        if found is None:
            continue
        values, costs = found
        spells.append(_Spell(begins_us, ends_us, costs))
        faults.append(_fault(values, begins_us, lasting_us, len(faults) + 1))
    return tuple(faults)


_Draw: TypeAlias = tuple[int, int, TreeEntropy, str]


def _family(setting: Setting, chaos: Chaos, family: str) -> list[_Draw]:
    """Draw beginnings; each draw has a path of its own, so dropping one leaves the others."""
    times = TreeEntropy(setting.seed, "chaos", family)
    mean_us = chaos.every_us * len(chaos.families)
    at_us, found = 0, list[_Draw]()
    while True:
        at_us += _between(times, mean_us // 2, mean_us * 3 // 2)
        if at_us >= chaos.until_us:
            return found
        index = len(found)
        entropy = TreeEntropy(setting.seed, "chaos", family, index)
        place = chaos.families.index(family)
        found.append((at_us, place * 1_000_000 + index, entropy, family))


def _fault(values: Values, begins_us: int, lasting_us: int, number: int) -> AnyFault:
    model = FAULT_MODELS[values["do"]]
    fields = {
        **values,
        "id": f"chaos-{number}",
        "at": f"{begins_us}us",
        "lasting": f"{lasting_us}us",
        "may_miss": True,  # a fault that nobody chose may find nothing to do
    }
    made: Any = model.model_validate(fields)
    fault: AnyFault = made
    return fault


def _net(
    setting: Setting, entropy: TreeEntropy, taken: frozenset[str]
) -> tuple[Values, frozenset[str]]:
    """Cut, slow, lose or hold; what is safe at any number of nodes costs no budget."""
    del taken
    node = _one(entropy, setting.validators)
    match entropy.below(6):
        case 0:
            return {"do": "partition", "shape": "random"}, frozenset()
        case 1:
            return {"do": "isolate", "nodes": node}, frozenset()
        case 2:
            others = tuple(name for name in setting.validators if name != node) or (node,)
            to = _one(entropy, others)
            return {"do": "partition_oneway", "from": node, "to": to}, frozenset()
        case 3:
            add = f"{_between(entropy, 10, 1_000)}ms"
            return {"do": "latency", "links": "all", "add": add, "jitter": add}, frozenset()
        case 4:
            p = (1 + entropy.below(30)) / 100
            return {"do": "loss", "links": "all", "p": p}, frozenset()
        case _:
            return {"do": "clog", "links": node}, frozenset()


def _process(
    setting: Setting, entropy: TreeEntropy, taken: frozenset[str]
) -> tuple[Values, frozenset[str]] | None:
    """Stop or pause as many as the budget leaves."""
    names = _few(setting, entropy, taken)
    if not names:
        return None
    kind = "crash" if entropy.below(3) else "pause"
    return {"do": kind, "nodes": names}, frozenset(names)


def _clock(
    setting: Setting, entropy: TreeEntropy, taken: frozenset[str]
) -> tuple[Values, frozenset[str]] | None:
    """Set clocks wrong; such a node may be refused by all others, so it costs budget."""
    names = _few(setting, entropy, taken)
    if not names:
        return None
    if entropy.below(2):
        ppm = _between(entropy, -50_000, 50_000)
        return {"do": "clock_drift", "nodes": names, "ppm": ppm}, frozenset(names)
    by = f"{_between(entropy, -5_000, 5_000)}ms"
    return {"do": "clock_offset", "nodes": names, "by": by}, frozenset(names)


_SEAL_KINDS: Final = ("silent", "withhold_block", "equivocate_proposal", "out_of_turn", "bad_seal")
_ANY_KINDS: Final = (*_SEAL_KINDS, "amnesia", "censor", "replay_votes", "raise_gas_limit")
_BFT_KINDS: Final = (*_ANY_KINDS, "equivocate_vote", "always_round_change")


def _byzantine(
    setting: Setting, entropy: TreeEntropy, taken: frozenset[str]
) -> tuple[Values, frozenset[str]] | None:
    """Let some misbehave, whom the budget leaves."""
    names = _few(setting, entropy, taken)
    if not names:
        return None
    kinds = _BFT_KINDS if setting.consensus in _BFT else _ANY_KINDS
    return {"do": _one(entropy, kinds), "nodes": names}, frozenset(names)


_DRAWS: Final[
    dict[
        str,
        Callable[[Setting, TreeEntropy, frozenset[str]], tuple[Values, frozenset[str]] | None],
    ]
] = {"net": _net, "process": _process, "clock": _clock, "byzantine": _byzantine}


def _few(setting: Setting, entropy: TreeEntropy, taken: frozenset[str]) -> tuple[str, ...]:
    """Draw validators: no more than the budget leaves, and none that is taken already."""
    left = [name for name in setting.validators if name not in taken]
    room = min(setting.budget - len(taken), len(left))
    if room <= 0:
        return ()
    count = 1 + entropy.below(room)
    return tuple(left.pop(entropy.below(len(left))) for _ in range(count))


def _one(entropy: TreeEntropy, among: tuple[str, ...]) -> str:
    return among[entropy.below(len(among))]


def _between(entropy: TreeEntropy, low: int, high: int) -> int:
    """Draw a whole number from low to high, both included."""
    return low + entropy.below(high - low + 1)
