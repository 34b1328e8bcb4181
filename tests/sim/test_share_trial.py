from dataclasses import replace
from itertools import combinations

import pytest

from node.ipfs_lite.cid import multihash_of
from node.privacy.custody_store import Holding
from node.privacy.record import open_ready
from node.sim import share_trial
from node.sim.share_trial import gather_fragments, rebuild, try_all_subsets
from node.sss.errors import (
    FragmentMismatchError,
    ShareMissingError,
    TamperedRecordError,
    WrongEssentialShareError,
)
from node.sss.gf256 import add
from node.sss.shares import decode_container
from node.workflows.consult import Visit
from node.workflows.errors import FetchFailedError
from tests.workflows.stage import Stage, note


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage().onboard("d0").register("p0", "p1", "p3")


@pytest.fixture(scope="module")
def visit(stage: Stage) -> Visit:
    return stage.visit()


def manifest_of(visit: Visit):
    return visit.patient.wallet.manifest(visit.filed.deal_id)


def opened(stage: Stage, visit: Visit, names, *, essential: bool) -> bytes:
    wallet = visit.patient.wallet
    return rebuild(stage.world, wallet, visit.filed, names, essential=essential)


def trial(stage: Stage, visit: Visit):
    return try_all_subsets(stage.world, visit.patient.wallet, visit.filed)


def holder(stage: Stage, visit: Visit, index: int) -> str:
    return stage.cast.name_of(visit.filed.custodians[index - 1])


def spoil_share(stage: Stage, visit: Visit, index: int) -> None:
    store = stage.world.nodes[holder(stage, visit, index)].custody.custodian.store
    holding = store.holding(visit.filed.deal_id)
    share = decode_container(holding.share)
    wrong = replace(share, payload=bytes(32)).encode()
    store.put_holding(visit.filed.deal_id, Holding(holding.manifest, wrong))


@pytest.mark.parametrize("names", list(combinations(("h0", "h1", "h2", "h3"), 2)))
def test_any_two_custodians_open_it_with_the_patient(stage: Stage, visit: Visit, names) -> None:
    assert open_ready(opened(stage, visit, names, essential=True))[1] == note()


@pytest.mark.parametrize("names", [("h0", "h1", "h2"), ("h0", "h1", "h2", "h3")])
def test_no_number_of_custodians_opens_it_without_the_patient(
    stage: Stage, visit: Visit, names
) -> None:
    with pytest.raises(WrongEssentialShareError, match="no index 0"):
        opened(stage, visit, names, essential=False)


@pytest.mark.parametrize("names", [(), ("h0",), ("h3",)])
def test_too_few_custodians_are_refused_with_the_patient_too(
    stage: Stage, visit: Visit, names
) -> None:
    with pytest.raises(ShareMissingError) as caught:
        opened(stage, visit, names, essential=True)
    assert (caught.value.have, caught.value.need) == (len(names), 2)


def test_a_changed_share_is_named_by_its_index(stage: Stage) -> None:
    visit = stage.visit("d0", "p1")
    spoil_share(stage, visit, 3)
    names = [holder(stage, visit, index) for index in (3, 4)]
    with pytest.raises(FragmentMismatchError, match="index 3"):
        opened(stage, visit, names, essential=True)


def test_fragments_come_from_any_store_that_has_them_whole(stage: Stage, visit: Visit) -> None:
    raws = gather_fragments(stage.world, manifest_of(visit))
    assert [decode_container(raw).index for raw in raws] == [1, 2]


def test_a_changed_block_is_passed_over_for_another_fragment(stage: Stage) -> None:
    visit = stage.visit("d0", "p3")
    stage.spoil(holder(stage, visit, 1), manifest_of(visit).fragments[0].cid)
    raws = gather_fragments(stage.world, manifest_of(visit))
    assert [decode_container(raw).index for raw in raws] == [2, 3]
    assert open_ready(opened(stage, visit, ("h0", "h1"), essential=True))[1] == note()


def test_too_few_fragments_are_an_error_that_names_those_that_are_gone() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    cids = [entry.cid for entry in manifest_of(visit).fragments]
    for index in (1, 3, 4):
        store = stage.world.nodes[holder(stage, visit, index)].store.store
        store.delete(cids[index - 1])
    with pytest.raises(FetchFailedError, match="no store holds enough") as caught:
        gather_fragments(stage.world, manifest_of(visit))
    assert caught.value.missing == (cids[0], cids[2], cids[3])


def test_all_thirty_two_sets_are_tried_and_eleven_open(stage: Stage, visit: Visit) -> None:
    """2 of 4, 3 of 4 and 4 of 4 custodians, each with the patient."""
    state = trial(stage, visit)
    assert state.holds
    assert state.why.startswith("32 sets of shares tried: the 11 with the essential share")


@pytest.mark.parametrize(("t", "n", "sets", "open_"), [(2, 2, 4, 1), (2, 3, 8, 3), (3, 3, 8, 1)])
def test_only_the_custodians_of_the_record_are_asked(t: int, n: int, sets: int, open_: int) -> None:
    """There are four nodes, and fewer of them hold a share."""
    stage = Stage(t=t, n=n).onboard("d0").register("p0")
    state = trial(stage, stage.visit())
    assert state.holds, state.why
    assert state.why.startswith(f"{sets} sets of shares tried: the {open_} with")


def test_a_set_that_should_open_and_does_not_is_told_by_its_names() -> None:
    stage = Stage().onboard("d0").register("p0")
    visit = stage.visit()
    spoil_share(stage, visit, 1)
    state = trial(stage, visit)
    assert not state.holds
    assert holder(stage, visit, 1) in state.why
    assert "with the essential share was refused" in state.why


def test_a_set_that_opens_without_the_patient_is_told(stage: Stage, visit: Visit) -> None:
    """Plant it: custodians who hold shares of the record's key itself."""
    wallet, deal_id = visit.patient.wallet, visit.filed.deal_id
    essential = wallet.essential(deal_id).payload
    stores = {
        name: stage.world.nodes[name].custody.custodian.store for name in ("h0", "h1", "h2", "h3")
    }
    honest = {name: store.holding(deal_id) for name, store in stores.items()}
    try:
        for name, store in stores.items():
            share = decode_container(honest[name].share)
            leaky = replace(share, payload=add(share.payload, essential))
            store.put_holding(deal_id, Holding(honest[name].manifest, leaky.encode()))
        state = trial(stage, visit)
        assert opened(stage, visit, ("h0", "h1"), essential=False)
    finally:
        for name, store in stores.items():
            store.put_holding(deal_id, honest[name])
    assert not state.holds
    assert "without the essential share opened the record" in state.why


def test_a_sufficient_set_that_the_scheme_refuses_is_told(
    stage: Stage, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tampered(*_: object) -> bytes:
        raise TamperedRecordError((1, 2))

    monkeypatch.setattr(share_trial, "recover_key", tampered)
    state = trial(stage, visit)
    assert "with the essential share was refused: the fragments 1, 2" in state.why


def test_the_trial_changes_no_store(stage: Stage, visit: Visit) -> None:
    before = stage.traces()
    trial(stage, visit)
    assert stage.traces() == before
    held = [
        core.store.store._rows[multihash_of(visit.filed.content.cid)].is_bad
        for core in stage.world.nodes.values()
    ]
    assert held == [False] * 4
