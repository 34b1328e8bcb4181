"""A record that is dealt into open files."""

from io import BytesIO

from node.base.rng import TreeEntropy
from node.sss.drbg import SeedsUsed
from node.sss.shares import DealHeader
from node.sss.streaming import split_stream
from tests.sss.deals import SIMULATION, make_terms


class Dribble(BytesIO):
    """Gives at most seven bytes a call, as a pipe may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(7 if size is None or size < 0 else min(size, 7))


def split_to_files(
    record: bytes,
    *,
    t: int = 3,
    n: int = 5,
    seed: int = 1,
    length: int | None = None,
    source: BytesIO | None = None,
) -> tuple[DealHeader, BytesIO, list[BytesIO]]:
    """Give the header, the patient's file and those of the custodians."""
    essential, custodians = BytesIO(), [BytesIO() for _ in range(n - 1)]
    header = split_stream(
        BytesIO(record) if source is None else source,
        len(record) if length is None else length,
        make_terms(t=t, n=n),
        entropy=TreeEntropy(seed, "deal"),
        seeds=SeedsUsed(),
        profile=SIMULATION,
        essential_out=essential,
        custodian_outs=custodians,
        scratch=BytesIO(),
    )
    return header, essential, custodians
