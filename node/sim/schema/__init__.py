"""The scenario language: models, positions, units and the rules between the parts of a file."""
