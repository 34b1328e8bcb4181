"""QBFT: instant finality, as in the EEA specification and in Besu (consensus.md section 3)."""
