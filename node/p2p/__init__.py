"""Frames, messages and gossip of ward/1."""
