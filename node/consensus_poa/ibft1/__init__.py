"""IBFT 1 as GoQuorum published it, its flaws included (consensus.md section 6)."""
