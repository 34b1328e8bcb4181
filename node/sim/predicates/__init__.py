"""What an expectation may claim about a run; each one is fed facts and answers yes or no."""
