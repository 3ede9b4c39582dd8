"""A stand-in for the eKYC vendor: a real HTTP server that answers, fails and dawdles as the vendor may.

The vendor has no sandbox, so this is where flows are tried without paying. It serves three audiences:

    api.py      the bridge:  POST /api/ekyc/verifications, GET /api/ekyc/verifications/{token}
    person.py   a browser:   GET and POST /verifications?token=…
    admin.py    a test:      /admin/…  (the same operations are methods of FakeVendor)

What can happen to a person is the table in outcomes.py; what can go wrong with a call, the one in faults.py.
"""

from .faults import FAULTS
from .outcomes import OUTCOMES
from .state import Calls, UnknownTokenError
from .table import UnknownNameError
from .vendor import FakeVendor

__all__ = ["FAULTS", "OUTCOMES", "Calls", "FakeVendor", "UnknownNameError", "UnknownTokenError"]
