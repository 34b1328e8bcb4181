"""Engines and programs to start an own one from."""
