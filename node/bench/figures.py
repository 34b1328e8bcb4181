"""A row of a bench that has one figure, its target, and a peer beside it."""

from typing import Any


def figure_row(
    name: str,
    figure: float,
    unit: str,
    target: str = "",
    *,
    is_met: bool | None = None,
    ratio: float | None = None,
) -> dict[str, Any]:
    """Give the row as the document has it.

    ``target``    in words; ``is_met`` says whether it was, None where there is none.
    ``ratio``     beside the row's peer, above 1: so many times as fast.
    """
    return {
        "name": name,
        "figure": round(figure, 3),
        "unit": unit,
        "target": target,
        "is_met": is_met,
        "ratio": None if ratio is None else round(ratio, 2),
    }
