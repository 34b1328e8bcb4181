"""How a flow ends when too few custodians did their part."""

from dataclasses import dataclass

from node.base.errors import UnavailableError


@dataclass(eq=False)
class CustodiansMissingError(UnavailableError):
    """Fewer custodians of a deal took a letter than it needs; ``faults`` are (index, cause)."""

    what: str
    deal_id: bytes
    have: int
    need: int
    faults: tuple[tuple[int, str], ...]

    def __str__(self) -> str:
        named = "; ".join(f"index {index}: {why}" for index, why in self.faults)
        deal = f"deal 0x{self.deal_id.hex()[:16]}"
        return f"{self.have} of {self.need} needed custodians of {deal} {self.what} ({named})"
