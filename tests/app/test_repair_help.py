"""A helper's state stays bounded, and being asked twice gives one part twice."""

from node.base.limits import REPAIR_SESSIONS_COUNT_MAX
from node.p2p.messages import RepairAsk, RepairPart
from node.p2p.wire import decode
from node.privacy.repair_letters import open_part
from node.sss.repair import RepairPlan
from tests.app.clinic import opened
from tests.app.test_custody_repair import newcomer, order
from tests.app.ward import HOSPITALS, sealing_of


def ready():
    """Give a clinic in which a newcomer may ask, and does not by itself; and its number."""
    clinic = opened(hospitals=4, t=2, n=4)
    n = newcomer(clinic)
    clinic.net.cores[n].mending.repair.changed = lambda turn, changes: None
    order(clinic, 3)
    return clinic, n


def ask(clinic, n, epoch=0):
    helper = clinic.core_of(1)
    before = len(clinic.net.sent)
    message = RepairAsk(clinic.deal_id, 3, epoch, b"\x01")
    clinic.net.say(HOSPITALS[n], helper, message)
    (part,) = [decode(raw) for _, _, raw in clinic.net.sent[before:]]
    assert isinstance(part, RepairPart)
    return part


def test_being_asked_twice_gives_the_same_part_twice():
    clinic, n = ready()
    plan = RepairPlan(clinic.manifest.header, 0, 3, (1,))
    key = sealing_of(f"hospital {n}")
    parts = [open_part(plan, 1, ask(clinic, n).sealed, key=key) for _ in range(2)]
    assert parts[0] == parts[1]


def test_another_epoch_is_refused_with_the_own_one():
    clinic, n = ready()
    part = ask(clinic, n, epoch=7)
    assert (part.epoch, part.sealed) == (0, b"")


def test_only_so_many_repairs_are_remembered(monkeypatch):
    monkeypatch.setattr("node.app.repair_help.REPAIR_SESSIONS_COUNT_MAX", 2)
    clinic = opened(hospitals=4, t=3, n=4)
    n = newcomer(clinic)
    clinic.net.cores[n].mending.repair.changed = lambda turn, changes: None
    order(clinic, 3)
    helper = clinic.net.cores[clinic.core_of(1)]
    for index in (2, 3):
        for helpers in (b"\x01\x02", b"\x01\x03"):
            clinic.net.say(
                HOSPITALS[n], clinic.core_of(1), RepairAsk(clinic.deal_id, index, 0, helpers)
            )
    assert len(helper.mending._help._sessions) <= 2
    assert REPAIR_SESSIONS_COUNT_MAX == 64
