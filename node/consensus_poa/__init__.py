"""Consensus engines behind one interface without input or output (consensus.md)."""
