"""What a node answers over HTTP: the shell around pure handlers."""
