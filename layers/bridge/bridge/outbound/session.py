"""A session of requests that does nothing but what it is told to.

For redirects `allow_redirects=False` is not enough: requests then still prepares the next request. It reads and
decompresses the whole body, even with `stream=True`, and parses `Location`, which may raise a ValueError.
"""

from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter

from bridge.outbound.deadline import DeadlineAdapter


class Session(requests.Session):
    """It follows no redirect, whatever `allow_redirects` says. It has one adapter for each scheme, and no other scheme.

    It ignores the environment's proxies and .netrc, which would see or replace credentials. It stores no cookies: one
    that a server sets for one person would go with another person's request.
    """

    def __init__(self, **adapters: HTTPAdapter) -> None:
        """`adapters` by scheme. By default http and https have a DeadlineAdapter."""
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        for scheme, adapter in (adapters or {"http": DeadlineAdapter(), "https": DeadlineAdapter()}).items():
            self.mount(f"{scheme}://", adapter)

    def get_redirect_target(self, _: requests.Response) -> None:
        return None
