"""The bridge's own handlers under simulated time, with a simulated AWS and vendor, and faults at every step.

    python -m tests.simulation          SEED=, VERIFICATIONS=, MINUTES= and PLOT= come from the environment

One seed, one history: every random choice comes from the seed, so a failing run can be replayed to the byte.
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
# SAM's translator asks for a region.
os.environ.setdefault("AWS_DEFAULT_REGION", "ap-southeast-1")
