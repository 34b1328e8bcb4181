"""What is done to a simulated network, one file per family (simulation.md section 10)."""
