"""The bridge's own handlers under simulated time, simulated outward services, and faults at every step.

    python -m tests.simulation          SEED=, VERIFICATIONS=, MINUTES= and PLOT= come from the environment

One seed, one history: everything that is drawn is drawn from it, so a failing run can be replayed to the byte.
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
