"""The audit: whether ledger, stores and custody of a network say the same (records.md 5.15)."""
