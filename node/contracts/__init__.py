"""The Solidity of wardnet, its compiled artifacts and typed bindings."""
