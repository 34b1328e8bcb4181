"""HTML from data: every text is escaped here, and nowhere else is HTML put together from data."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, NewType, TypeAlias

Html = NewType("Html", str)
"""Markup; plain ``str`` is data and must go through ``text``."""

Part: TypeAlias = tuple[str, str, Html]
"""A part of the page: id, heading, content."""


def text(value: object) -> Html:
    """Write data as text: markup in it shows as it is, lone surrogates become question marks."""
    plain = str(value).encode("utf-8", "replace").decode("utf-8")
    return Html(escape(plain, quote=True))


def join(parts: Iterable[Html]) -> Html:
    """Put markup together."""
    return Html("".join(parts))


def element(name: str, content: Html, **attributes: str) -> Html:
    """Write an element; attribute values are data, ``class_`` and ``aria_label`` spell theirs."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{written}>{content}</{name}>")


def number(value: int) -> Html:
    """Write a number with its thousands apart."""
    return text(f"{value:,}")


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[tuple[str, Html]]],
    *,
    id_: str = "",
) -> Html:
    """Write a table that scrolls by itself on a narrow screen and is reached by keyboard.

    ``rows``      cells as (class, markup); the first cell of a row names the row.
    """
    listed = list(rows)
    kinds = [css for css, _ in listed[0]] if listed else [""] * len(heads)
    head = join(
        element("th", text(name), scope="col", class_=css)
        for name, css in zip(heads, kinds, strict=True)
    )
    body = join(element("tr", _row(cells)) for cells in listed)
    attributes = {"id_": id_} if id_ else {}
    whole = element(
        "table",
        join(
            (
                element("caption", text(caption)),
                element("thead", element("tr", head)),
                element("tbody", body),
            )
        ),
        **attributes,
    )
    return scroll(whole, caption)


def scroll(content: Html, label: str) -> Html:
    """Put wide content into a box of its own."""
    return element("div", content, class_="scroll", tabindex="0", role="region", aria_label=label)


def details(summary: str, content: Html) -> Html:
    """Fold content away until somebody asks for it."""
    return element("details", join((element("summary", text(summary)), content)))


def marked(mark: tuple[str, str]) -> Html:
    """Write a state as (class, sign and word): the colour only repeats them."""
    return element("span", text(mark[1]), class_=mark[0])


def bar(value: int, most: int) -> Html:
    """Draw a bar for ``value`` in 0 .. ``most``; the figure itself stands in another cell."""
    share = 100 * value // most if most else 0
    filled = element("span", Html(""), class_="bar", style=f"width:{share}%")
    return element("span", filled, class_="track", aria_hidden="true")


ROWS_SHOWN_MAX: Final = 500
"""Of a table: more are no help to a reader, and a city has thousands."""


def left_out(count: int, limit: int, noun: str) -> Html:
    """Say how many rows did not fit; nothing when all did."""
    if count <= limit:
        return Html("")
    return element("p", text(f"{count - limit:,} more {noun} are left out here."), class_="soft")


def _row(cells: Sequence[tuple[str, Html]]) -> Html:
    first, *rest = cells
    name = element("th", first[1], scope="row", class_=first[0])
    return join((name, *(element("td", markup, class_=css) for css, markup in rest)))
