"""The static report of a run: one HTML file without any request to a network."""
