"""Proof-of-Authority engines behind one sans-IO interface (consensus.md)."""
