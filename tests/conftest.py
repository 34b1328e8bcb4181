"""What every test shares: profiles of hypothesis, and no threads below numpy."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before anything imports numpy

# deadline=None: a shared machine is slow whenever it likes
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=300,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("WARDNET_HYPOTHESIS", "ci" if os.environ.get("CI") == "true" else "dev")
)
