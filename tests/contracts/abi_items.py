"""The types of compiled functions and events as the bindings write them."""

from collections.abc import Iterable


def type_of(item: dict) -> str:
    """The canonical type: tuples written out."""
    if not item["type"].startswith("tuple"):
        return item["type"]
    inner = ",".join(type_of(each) for each in item["components"])
    return f"({inner}){item['type'][len('tuple') :]}"


def types_of(items: Iterable[dict]) -> tuple[str, ...]:
    return tuple(type_of(each) for each in items)
