"""The port of an audit: a folder and a live world fill it in alike."""

from node.app.audit.source import AuditSource
from node.sim.audit_folder import RunFolder
from node.sim.audit_world import LiveWorld
from tests.sim.audited import folder
from tests.sim.small import ARRIVE, played


def test_both_sources_have_every_member(tmp_path_factory) -> None:
    live = LiveWorld(played(ARRIVE, until="30s").world)
    kept = RunFolder(folder(tmp_path_factory), executes=False)
    members = [name for name in vars(AuditSource) if not name.startswith("_")]
    assert "shelves" in members
    for name in members:
        assert hasattr(live, name)
        assert hasattr(kept, name)
