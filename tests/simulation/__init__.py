"""Runs the bridge's own handlers in simulated time, with a simulated AWS and vendor, and with faults at every step.

    python -m tests.simulation          reads SEED, VERIFICATIONS, MINUTES and PLOT from the environment

Every random choice comes from the seed, so the same seed repeats a run exactly.
"""

import os
import sys
from pathlib import Path

_LAYER = str(Path(__file__).parents[2] / "layers" / "bridge")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)

# Powertools reads these when `bridge` is first imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "ekyc-bridge")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "ekyc-bridge")
# SAM's translator needs a region.
os.environ.setdefault("AWS_DEFAULT_REGION", "ap-southeast-1")
