import pytest

from node.ipfs_lite.errors import PlacementInfeasibleError
from node.privacy.errors import RecordError
from node.privacy.record import body_of, commitment, open_ready
from node.sim.share_trial import rebuild
from node.sss.commitments import Manifest
from node.sss.shares import decode_container
from node.workflows.dealing import UNWRITTEN, Filed, file_record
from tests.workflows.stage import Stage, note

PMR_ID = 101012026


def deal(stage: Stage, record=None, *, patient: str = "p0", pmr_id: int = PMR_ID):
    hospital = stage.hospital("h0")
    return file_record(
        stage.ward,
        stage.patient(patient),
        note() if record is None else record,
        node=hospital.node,
        dealer=hospital.signer.address,
        pmr_id=pmr_id,
        entropy=stage.entropy(),
    )


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture(scope="module")
def filed(stage: Stage) -> Filed:
    return stage.do(deal(stage))


def manifest_of(stage: Stage, filed: Filed) -> Manifest:
    return stage.patient("p0").wallet.manifest(filed.deal_id)


def test_every_custodian_is_another_hospital(stage: Stage, filed: Filed) -> None:
    assert len(set(filed.custodians)) == len(filed.custodians) == 4
    assert filed.custodians == manifest_of(stage, filed).custodians


def test_each_custodian_keeps_its_own_share(stage: Stage, filed: Filed) -> None:
    for index, address in enumerate(filed.custodians, start=1):
        core = stage.world.nodes[stage.cast.name_of(address)]
        share = core.custody.custodian.share(filed.deal_id)
        assert decode_container(share).index == index


def test_fragments_lie_with_their_custodians_and_nowhere_else(stage: Stage, filed: Filed) -> None:
    for address, entry in zip(filed.custodians, manifest_of(stage, filed).fragments, strict=True):
        holders = [
            name for name, core in stage.world.nodes.items() if core.store.store.has(entry.cid)
        ]
        assert holders == [stage.cast.name_of(address)]


def test_every_custodian_keeps_the_manifest_that_the_ledger_will_name(
    stage: Stage, filed: Filed
) -> None:
    for core in stage.world.nodes.values():
        assert core.store.store.get(filed.content.cid) == manifest_of(stage, filed).encode()
    assert stage.patient("p0").manifests[filed.deal_id] == filed.content.cid


def test_the_essential_share_is_with_the_patient_alone(stage: Stage, filed: Filed) -> None:
    essential = stage.patient("p0").wallet.essential(filed.deal_id).payload
    for core in stage.world.nodes.values():
        for holding in core.custody.custodian.store._holdings.values():
            assert essential not in holding.share
        assert all(essential not in row.data for row in core.store.store._rows.values())


def test_the_commitment_is_that_of_the_record_and_its_salt(stage: Stage, filed: Filed) -> None:
    names = [stage.cast.name_of(one) for one in filed.custodians[:2]]
    opened = rebuild(stage.world, stage.patient("p0").wallet, filed, names, essential=True)
    salt, record = open_ready(opened)
    assert record == note()
    assert commitment(salt, body_of(record)) == filed.content.commitment


def test_equal_records_make_unlike_deals(stage: Stage, filed: Filed) -> None:
    again = stage.do(deal(stage))
    assert again.deal_id != filed.deal_id
    assert again.content.commitment != filed.content.commitment
    headers = [stage.patient("p0").wallet.manifest(one.deal_id).header for one in (filed, again)]
    assert [one.record_version for one in headers] == [0, 1]


def test_the_header_says_whose_record_by_whom(stage: Stage, filed: Filed) -> None:
    header = manifest_of(stage, filed).header
    assert int.from_bytes(header.pmr_id) == PMR_ID
    assert header.dealer == stage.hospital("h0").signer.address
    assert (header.t, header.n, header.is_simulated) == (3, 5, True)


def test_nothing_is_said_to_the_ledger(stage: Stage) -> None:
    before = stage.traces().transactions
    stage.do(deal(stage))
    stage.run(3)
    assert stage.traces().transactions == before == 0


@pytest.mark.parametrize(("t", "n"), [(2, 2), (2, 5), (3, 3), (4, 5), (5, 5)])
def test_every_plan_can_be_dealt_and_opened(t: int, n: int) -> None:
    stage = Stage(t=t, n=n)
    done = stage.do(deal(stage))
    assert len(done.custodians) == n - 1
    names = [stage.cast.name_of(one) for one in done.custodians[-(t - 1) :]]
    wallet = stage.patient("p0").wallet
    opened = rebuild(stage.world, wallet, done, names, essential=True)
    assert open_ready(opened)[1] == note()


def test_fewer_verified_hospitals_than_custodians_are_told_and_nothing_is_stored() -> None:
    stage = Stage(steps="{do: register_hospital, hospital: h3}")
    before = stage.traces()
    ended = stage.play(deal(stage))
    assert isinstance(ended.error, PlacementInfeasibleError)
    stage.run(3)
    assert stage.traces() == before
    assert stage.patient("p0").wallet.deals == ()


def test_content_to_try_a_call_with_passes_every_check_of_form(stage: Stage) -> None:
    commitment_, codec, digest = UNWRITTEN.as_abi()
    assert int.from_bytes(commitment_) != 0
    assert int.from_bytes(digest) != 0
    assert codec == 0x55


def test_a_record_that_cannot_be_is_refused_before_anything_is_kept(stage: Stage) -> None:
    before = stage.traces()
    too_long = note("x" * 2**20)
    assert isinstance(stage.play(deal(stage, too_long)).error, RecordError)
    assert stage.traces() == before
