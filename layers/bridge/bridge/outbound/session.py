"""A session of requests to which a redirect is a response like any other.

`allow_redirects=False` is not enough: requests then still prepares the next request. It reads and decompresses the
whole body, even with `stream=True`, and parses `Location`, which may raise a ValueError.
"""

import requests


class Session(requests.Session):
    """It follows no redirect, whatever `allow_redirects` says."""

    def get_redirect_target(self, _: requests.Response) -> None:
        return None
