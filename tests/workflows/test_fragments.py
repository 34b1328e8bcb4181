import pytest

from node.base.types import Address
from node.ipfs_lite.errors import BadUnixFsError, CorruptBlockError
from node.ipfs_lite.memory_store import MemoryStore
from node.sss.commitments import Manifest
from node.workflows.consult import Visit
from node.workflows.errors import FetchFailedError, FragmentsMissingError
from node.workflows.fragments import gather, let_go
from tests.workflows.stage import Stage, drive

NODE = Address(b"\1" * 20)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0").register("p0")


@pytest.fixture(scope="module")
def visit(stage: Stage) -> Visit:
    return stage.visit()


@pytest.fixture(scope="module")
def manifest(stage: Stage, visit: Visit) -> Manifest:
    return visit.patient.wallet.manifest(visit.filed.deal_id)


@pytest.fixture(scope="module")
def fragments(stage: Stage, manifest: Manifest) -> list[bytes]:
    """All four of them, index 1 first."""
    return [
        stage.world.nodes[stage.cast.name_of(custodian)].store.store.get(entry.cid)
        for custodian, entry in zip(manifest.custodians, manifest.fragments, strict=True)
    ]


def gone(manifest: Manifest, index: int) -> FetchFailedError:
    return FetchFailedError((manifest.fragments[index - 1].cid,), (), "nobody has it")


def test_the_lowest_indices_are_asked_of_their_custodians(
    manifest: Manifest, fragments: list[bytes]
) -> None:
    done = drive(gather(NODE, manifest), (fragments[0],), (fragments[1],))
    assert [one.request.cids for one in done.asked] == [
        (entry.cid,) for entry in manifest.fragments[:2]
    ]
    assert [one.request.holders for one in done.asked] == [
        (custodian,) for custodian in manifest.custodians[:2]
    ]
    assert done.value.fragments == (fragments[0], fragments[1])
    assert done.value.faults == ()


def test_a_missing_fragment_is_replaced_by_the_next_and_named(
    manifest: Manifest, fragments: list[bytes]
) -> None:
    answers = gone(manifest, 1), (fragments[1],), (fragments[2],)
    done = drive(gather(NODE, manifest), *answers)
    assert done.value.fragments == (fragments[1], fragments[2])
    assert done.value.faults == ((1, str(answers[0])),)


@pytest.mark.parametrize(
    "error", [CorruptBlockError("bafy"), BadUnixFsError("bafy", "a raw leaf with links")]
)
def test_a_fragment_that_cannot_be_read_is_replaced(
    manifest: Manifest, fragments: list[bytes], error: Exception
) -> None:
    done = drive(gather(NODE, manifest), (fragments[0],), error, (fragments[2],))
    assert [index for index, _ in done.value.faults] == [2]


def test_bytes_that_are_not_what_the_manifest_lists_are_replaced(
    manifest: Manifest, fragments: list[bytes]
) -> None:
    """A dealer can name a CID whose bytes are another fragment, or none."""
    answers = (fragments[3],), (b"no container",), (fragments[2],), (fragments[3],)
    done = drive(gather(NODE, manifest), *answers)
    assert done.value.fragments == (fragments[2], fragments[3])
    first, second = done.value.faults
    assert first == (1, "the container of index 1 differs from the manifest")
    assert second == (2, "malformed share data: length")


def test_the_last_two_of_four_are_enough(manifest: Manifest, fragments: list[bytes]) -> None:
    answers = gone(manifest, 1), gone(manifest, 2), (fragments[2],), (fragments[3],)
    assert len(drive(gather(NODE, manifest), *answers).value.faults) == 2


def test_one_of_two_that_are_needed_is_an_error_that_names_the_others(
    manifest: Manifest, fragments: list[bytes]
) -> None:
    answers = gone(manifest, 1), gone(manifest, 2), (fragments[2],), gone(manifest, 4)
    with pytest.raises(FragmentsMissingError) as caught:
        drive(gather(NODE, manifest), *answers)
    error = caught.value
    assert (error.have, error.need) == (1, 2)
    assert [index for index, _ in error.faults] == [1, 2, 4]
    assert manifest.fragments[3].cid.hex() in str(error)


def test_a_broken_store_costs_its_reader_patience_and_nothing_else(
    stage: Stage, visit: Visit, manifest: Manifest
) -> None:
    holder = stage.cast.name_of(manifest.custodians[0])
    stage.spoil(holder, manifest.fragments[0].cid)
    store = stage.world.nodes[holder].store.store
    assert isinstance(store, MemoryStore)
    reader = next(one for one in stage.cast.hospitals.values() if one.name != holder)
    done = stage.do(gather(reader.node, manifest))
    assert len(done.fragments) == 2
    ((index, why),) = done.faults
    assert index == 1
    assert manifest.fragments[0].cid.hex() in why
    assert len(store.bad()) == 1


def test_what_was_gathered_is_forgotten_where_somebody_else_keeps_it() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    manifest, node = visit.filed.manifest, visit.patient.node
    store = stage.world.nodes["h0"].store.store

    def here(indices) -> list[int]:
        return [x for x in indices if store.has(manifest.fragments[x - 1].cid)]

    gathered = stage.do(gather(node, manifest))
    assert here(gathered.indices) == list(gathered.indices)
    stage.do(let_go(node, manifest, gathered))
    own = [x for x in (1, 2, 3, 4) if manifest.address_of(x) == node]
    assert here((1, 2, 3, 4)) == own
