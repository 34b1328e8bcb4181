"""A small private IPFS: identifiers, UnixFS, block store, exchange, placement."""
