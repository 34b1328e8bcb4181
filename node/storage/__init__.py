"""What a node keeps: chain tables and state nodes."""
