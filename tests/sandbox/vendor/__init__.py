"""A fake eKYC vendor: an HTTP server that responds, fails and delays as the real vendor may.

The vendor has no sandbox, so flows are tried here, without a fee. It serves three kinds of clients:

    api.py      the bridge:  POST /api/ekyc/verifications, GET /api/ekyc/verifications/{token}
    person.py   a browser:   GET and POST /verifications?token=…
    admin.py    a test:      /admin/…  (the same operations are methods of FakeVendor)

outcomes.py has a table of what can happen to a person, faults.py a table of what can go wrong with a call. The
simulation has its own vendor without HTTP, and shares records.py, checks.py, codes.py, record_variants.py and limit.py.
"""

from .errors import UnknownNameError, UnknownTokenError
from .faults import FAULTS
from .outcomes import OUTCOMES
from .state import Calls
from .vendor import FakeVendor

__all__ = ["FAULTS", "OUTCOMES", "Calls", "FakeVendor", "UnknownNameError", "UnknownTokenError"]
