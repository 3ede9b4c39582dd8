"""A fake of the eKYC vendor: a real HTTP server that responds, fails and delays as the vendor may.

The vendor has no sandbox, so this is where flows are tried without paying. It serves three audiences:

    api.py      the bridge:  POST /api/ekyc/verifications, GET /api/ekyc/verifications/{token}
    person.py   a browser:   GET and POST /verifications?token=…
    admin.py    a test:      /admin/…  (the same operations are methods of FakeVendor)

The table in outcomes.py has what can happen to a person, the one in faults.py what can go wrong with a call. The
simulation has no HTTP server and shares the rest: records.py, checks.py, codes.py, record_variants.py, limit.py.
"""

from .errors import UnknownNameError, UnknownTokenError
from .faults import FAULTS
from .outcomes import OUTCOMES
from .state import Calls
from .vendor import FakeVendor

__all__ = ["FAULTS", "OUTCOMES", "Calls", "FakeVendor", "UnknownNameError", "UnknownTokenError"]
