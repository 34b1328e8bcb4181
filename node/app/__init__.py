"""One node, built out of parts; the only folder that wires siblings together."""
