from node.sim.disks import Disk
from node.storage.shared_nodes import NodePool


def test_disks_of_one_pool_share_no_store():
    pool = NodePool()
    one, two = Disk.empty(pool), Disk.empty(pool)
    one.log.append(b"entry")
    assert (one.log.entries(), two.log.entries()) == ((b"entry",), ())
    assert one.ledger.chain is not two.ledger.chain
    assert one.blocks is not two.blocks
    assert one.custody is not two.custody
