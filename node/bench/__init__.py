"""Measurements: every candidate runs in a process of its own, and CPU time is what counts."""
