"""Clique, EIP-225, to be read beside the EIP."""
