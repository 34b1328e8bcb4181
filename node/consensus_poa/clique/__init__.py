"""Clique: proof of authority by votes in headers (EIP-225, as go-ethereum v1.13.15 reads it)."""
