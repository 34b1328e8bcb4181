"""AuRa: one primary per step of time, rolling finality (consensus.md section 5)."""
