"""What every other folder stands on: types, errors, limits, codecs, hashes, keys, ports."""
