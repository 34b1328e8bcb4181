"""What the Solidity sources say a function may refuse with and tell: read from their text.

For each external function that is not a view: the ``require`` and ``revert`` sites that a call of
it can reach, through internal functions, modifiers, libraries and other contracts of ours, and the
events that it can emit.  What OpenZeppelin does inside is not read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Final, NamedTuple

CONTRACTS: Final = {
    "GovernmentRegistry": (
        "GovernmentRegistry",
        "Authority",
        "ValidatorSet",
        "Licences",
        "KeyRotation",
    ),
    "HospitalRegistry": ("HospitalRegistry",),
    "DoctorRegistry": ("DoctorRegistry",),
    "PatientRegistry": ("PatientRegistry", "Recoveries"),
    "PmrToken": ("PmrToken", "Amendments", "PmrEntries"),
    "PmrMultiToken": ("PmrMultiToken", "Amendments", "PmrEntries"),
    "LabRegistry": ("LabRegistry",),
    "ConsentRegistry": ("ConsentRegistry", "GrantLists", "Complaints", "Emergencies", "Copies"),
    "CustodyLedger": ("CustodyLedger",),
    "InsuranceRegistry": ("InsuranceRegistry", "Parties"),
    "AppointmentBook": ("AppointmentBook",),
    "IomtRegistry": ("IomtRegistry",),
    "ResearchPool": ("ResearchPool", "Parties"),
}
"""Each contract with the parts that it is made of."""
_LIBRARIES: Final = {"Checks": "Checks", "Dates": "Dates"}
_OTHERS: Final = {
    "HOSPITALS": "HospitalRegistry",
    "DOCTORS": "DoctorRegistry",
    "PATIENTS": "PatientRegistry",
    "PMR": "PmrToken",
    "CONSENTS": "ConsentRegistry",
    "COMPLAINTS": "ConsentRegistry",
    "GOVERNMENT": "GovernmentRegistry",
    "parties": "InsuranceRegistry",  # or ResearchPool: what of Parties is called is the same
}
_INHERITED: Final = {
    ("PmrToken", "transferFrom"): "_update",
    ("PmrToken", "safeTransferFrom"): "_update",
}
"""Functions of OpenZeppelin that end in one of ours."""
_HEAD = re.compile(r"^    (?:function (\w+)|modifier (\w+)|(constructor))\b", re.MULTILINE)
_UNIT = re.compile(r"^(?:abstract )?(?:contract|library) (\w+)", re.MULTILINE)
_REFUSAL = re.compile(r"(?:,\s*|\brevert\s+)([A-Z]\w+)\([^()]*(?:\([^()]*\))?[^()]*\)\s*\)?;")
_CALL = re.compile(r"(?<!\bsuper\.)(?:\b([A-Z]\w*|parties)\.)?\b([a-z_]\w*)\(")
"""A call past the own function to OpenZeppelin's of the same name is none of ours."""


class Site(NamedTuple):
    """One place that can refuse."""

    where: str
    """``Unit.function``."""
    number: int
    """Counts the sites of the function."""
    error: str


@dataclass(slots=True)
class _Function:
    unit: str
    name: str
    is_entry: bool
    is_view: bool
    sites: list[Site] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    calls: set[tuple[str, str]] = field(default_factory=set)
    """(unit or ``""`` for the own contract, function)."""


def _text(name: str) -> str:
    text = (files("node.contracts") / "sources" / name).read_text("utf-8")
    return re.sub(r"//[^\n]*", "", text)


def _sources() -> list[str]:
    folder = files("node.contracts") / "sources"
    return sorted(each.name for each in folder.iterdir() if each.name.endswith(".sol"))


def _parsed(unit: str, text: str) -> Iterator[_Function]:
    heads = list(_HEAD.finditer(text))
    for head, following in zip_longest(heads, heads[1:]):
        whole = text[head.start() : len(text) if following is None else following.start()]
        signature, brace, body = whole.partition("{")
        if not brace or ";" in signature:
            continue  # declared, and made elsewhere
        name = head[1] or head[2] or "constructor"
        words = set(re.findall(r"\b\w+\b", signature))
        is_entry = bool(words & {"external", "public"}) or name == "constructor"
        made = _Function(unit, name, is_entry, bool(words & {"view", "pure"}))
        errors = [name for name in _REFUSAL.findall(body) if name in errors_declared()]
        made.sites = [Site(f"{unit}.{name}", at, error) for at, error in enumerate(errors)]
        made.events = set(re.findall(r"\bemit (\w+)", body))
        for prefix, called in _CALL.findall(body):
            made.calls.add((_LIBRARIES.get(prefix) or _OTHERS.get(prefix, ""), called))
        made.calls |= {("", word) for word in words if word.startswith("only")}
        yield made


@cache
def _functions() -> dict[tuple[str, str], _Function]:
    found: dict[tuple[str, str], _Function] = {}
    for source in _sources():
        text = _text(source)
        units = list(_UNIT.finditer(text))
        for unit, following in zip_longest(units, units[1:]):
            end = len(text) if following is None else following.start()
            for made in _parsed(unit[1], text[unit.start() : end]):
                found[made.unit, made.name] = made
    return found


def _find(contract: str, unit: str, name: str) -> tuple[str, _Function] | None:
    """Give the contract that a call lands in, and the function."""
    inside = unit or contract
    for part in CONTRACTS.get(inside, (inside,)):
        made = _functions().get((part, name))
        if made is not None:
            return (inside if inside in CONTRACTS else contract, made)
    return None


def _reached(contract: str, start: _Function) -> list[_Function]:
    seen: dict[tuple[str, str], _Function] = {}
    todo = [(contract, start)]
    while todo:
        where, function = todo.pop()
        if (function.unit, function.name) in seen:
            continue
        seen[function.unit, function.name] = function
        for unit, name in function.calls:
            own = _functions().get((function.unit, name)) if not unit else None
            found = _find(where, unit, name) if own is None else (where, own)
            if found is not None:
                todo.append(found)
    return list(seen.values())


def _entries() -> Iterator[tuple[str, str, _Function]]:
    """Give contract, name, and function of all that anybody can call."""
    for contract, parts in CONTRACTS.items():
        for function in _functions().values():
            if function.unit in parts and function.is_entry:
                yield contract, function.name, function
    for (contract, name), inside in _INHERITED.items():
        yield contract, name, _functions()[contract, inside]


def changing() -> set[tuple[str, str]]:
    """Give (contract, function) of all that changes state, without constructors."""
    return {
        (contract, name)
        for contract, name, function in _entries()
        if not function.is_view and name != "constructor"
    }


def refusals() -> dict[tuple[str, str, str], set[Site]]:
    """Give the sites behind each (contract, function, error)."""
    found: dict[tuple[str, str, str], set[Site]] = {}
    for contract, name, function in _entries():
        for reached in _reached(contract, function):
            for site in reached.sites:
                found.setdefault((contract, name, site.error), set()).add(site)
    return found


def emissions() -> set[tuple[str, str, str]]:
    """Give (contract, function, event) of all that a call can tell, but constructors."""
    return {
        (contract, name, event)
        for contract, name, function in _entries()
        if name != "constructor"
        for reached in _reached(contract, function)
        for event in reached.events
    }


def errors_declared() -> set[str]:
    """Give the names of all custom errors of ours."""
    return set(re.findall(r"^error (\w+)\(", _text("Errors.sol"), re.MULTILINE))


def sites() -> list[Site]:
    """Give every site of every source."""
    return [site for function in _functions().values() for site in function.sites]


def refusing_words() -> int:
    """Count ``require(`` and ``revert`` by another, simpler reading."""
    return sum(len(re.findall(r"\brequire\(|\brevert\b", _text(name))) for name in _sources())
