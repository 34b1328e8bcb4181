"""What may be claimed of each scheme, word for word (secret-sharing.md section 2).

The only imports are words: the command line shows these in its help.
"""

from typing import Final

CLAIMS: Final = {
    "ssms-1tn": "computational (AES-256, SHA-256, the random stream), tamper-evident.",
    "xor-1tn": (
        "the shares alone are perfectly secret if the randomness is true; as shipped "
        "(deterministic stream, public digests) computational."
    ),
    "nlss-q": (
        "educational, own quadratic construction in the spirit of the literature; with `e` and "
        "k-1 custodians it LEAKS 0.9956 of 8 bits per byte at t=3; strictly weaker than Shamir "
        "at equal t; never the default."
    ),
    "ssms-feldman": "computational, and a wrong share can be proved to a contract.",
}
"""Of the schemes that can be dealt, the default first."""
