"""Judges that know the rules and no engine: they read raw headers, receipts and stored bytes."""
