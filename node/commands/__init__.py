"""Argument parsing, progress and exit codes: what a person at a terminal touches."""
