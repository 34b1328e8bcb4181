"""Faults of access: custodians that break the rules, thieves of shares, wallets that are lost."""

from typing import assert_never

from node.sim.cast import fresh_account, new_wallet_entropy
from node.sim.faults.bent_custodian import Bend
from node.sim.faults.stage import End, Stage
from node.sim.faults.tally import Tally
from node.sim.loot import OldAccount
from node.sim.schema import custody_faults as todo
from node.sim.schema.injection import AccessFault


def begin(stage: Stage, fault: AccessFault, tally: Tally) -> End | None:
    """Begin a fault; give what ends it, None for one that happens at an instant."""
    match fault:
        case todo.CustodyStolen():
            _copy_shares(stage, stage.nodes(fault.custodians), tally)
            return None
        case todo.EssentialStolen():
            _copy_essentials(stage, fault.patient, tally)
            return None
        case todo.EssentialLost():
            _lose_wallet(stage, fault.patient, tally)
            return None
        case todo.WithholdShare() | todo.CorruptShare() | todo.RogueCustodian() | todo.OwnClock():
            return _bend(stage, fault, tally)
        case _:
            assert_never(fault)


def _bend(stage: Stage, fault: todo.CustodianFault, tally: Tally) -> End:
    names = stage.nodes(fault.custodians)
    tally.hit(names)
    bends = stage.world.custody_bends
    ahead_us = fault.by_us if isinstance(fault, todo.OwnClock) else 0
    bend = Bend(fault.do, tally.count, ahead_us)
    for name in names:
        bends.add(name, bend)

    def end() -> None:
        for name in names:
            bends.remove(name, bend)

    return end


def _copy_shares(stage: Stage, names: tuple[str, ...], tally: Tally) -> None:
    tally.hit(names)
    for name in names:
        custody = stage.world.disks[name].custody
        for deal_id in custody.deals():
            holding = custody.holding(deal_id)
            if holding is not None:
                stage.world.loot.shares[deal_id, name] = holding.share
                tally.count()


def _copy_essentials(stage: Stage, patient: str, tally: Tally) -> None:
    """Copy the essential share of every deal as it is now; the master stays where it is."""
    tally.hit((patient,))
    wallet = stage.world.cast.patients[patient].wallet
    for deal_id in wallet.deals:
        stage.world.loot.essentials[deal_id] = wallet.essential(deal_id)
        tally.count()


def _lose_wallet(stage: Stage, patient: str, tally: Tally) -> None:
    """Take the wallet away; an empty one with other keys is in its place."""
    tally.hit((patient,))
    cast = stage.world.cast
    person = cast.patients[patient]
    tally.count(len(person.wallet.deals))
    stage.world.loot.accounts[patient] = OldAccount(person.signer, person.wallet)
    entropy = new_wallet_entropy(stage.world.scenario.run.seed, patient)
    person.signer, person.wallet = fresh_account(cast.ward, entropy)
    for memory in (person.manifests, person.granted, person.lent):
        memory.clear()
