"""One-way latencies between regions, in microseconds.

A model, not field data: 1 ms + great-circle km * 1.6 / (200 km/ms), with an Earth of 6,371 km,
light in fibre at 200 km/ms and a route factor of 1.6 (simulation.md section 5).
"""

from typing import Final

DEFAULT_REGION: Final = "in_north"
WITHIN_US: Final = 1_000
REGIONS: Final = (
    "in_north",
    "in_west",
    "in_south",
    "in_east",
    "ap_se",
    "eu",
    "us_east",
    "af_south",
)

_BETWEEN_US: Final[dict[tuple[str, str], int]] = {
    ("in_north", "in_west"): 10_178,
    ("in_north", "in_south"): 15_045,
    ("in_north", "in_east"): 11_427,
    ("in_north", "ap_se"): 34_139,
    ("in_north", "eu"): 49_932,
    ("in_north", "us_east"): 97_386,
    ("in_north", "af_south"): 65_333,
    ("in_west", "in_south"): 9_267,
    ("in_west", "in_east"): 14_232,
    ("in_west", "ap_se"): 32_231,
    ("in_west", "eu"): 53_510,
    ("in_west", "us_east"): 103_837,
    ("in_west", "af_south"): 56_867,
    ("in_south", "in_east"): 11_865,
    ("in_south", "ap_se"): 24_219,
    ("in_south", "eu"): 61_692,
    ("in_south", "us_east"): 111_215,
    ("in_south", "af_south"): 58_094,
    ("in_east", "ap_se"): 24_128,
    ("in_east", "eu"): 60_054,
    ("in_east", "us_east"): 105_062,
    ("in_east", "af_south"): 68_659,
    ("ap_se", "eu"): 83_067,
    ("ap_se", "us_east"): 125_175,
    ("ap_se", "af_south"): 70_272,
    ("eu", "us_east"): 53_394,
    ("eu", "af_south"): 70_584,
    ("us_east", "af_south"): 105_699,
}


def one_way_us(a: str | None, b: str | None) -> int:
    """Give the latency between two regions; nodes that name none add none.

    Where only one end names a region, the other stands in DEFAULT_REGION.
    """
    if a is None and b is None:
        return 0
    first, second = a or DEFAULT_REGION, b or DEFAULT_REGION
    if first == second:
        return WITHIN_US
    known = _BETWEEN_US.get((first, second))
    return _BETWEEN_US[second, first] if known is None else known
