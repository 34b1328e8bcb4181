from node.sim.loot import Loot


def test_nothing_is_stolen_at_first() -> None:
    loot = Loot()
    assert (loot.essentials, loot.shares, loot.accounts) == ({}, {}, {})
