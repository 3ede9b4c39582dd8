"""People with a start page: they open it at any time, on several devices, repeatedly or never. Mail scanners open it,
too."""

import json
from typing import Any
from urllib.parse import urlsplit

from .gateway import HttpResponse
from .people import UserFlow
from .person import Visit
from .vendor import Link


class StartFlow(UserFlow):
    """The steps of one person whose links a start page creates."""

    def _use(self, document: dict[str, Any]) -> bool:
        if not document["start_url"]:
            return False
        self._start_path = urlsplit(document["start_url"]).path
        self._status_path = urlsplit(document["status_url"]).path
        self._valid_until = self._kernel.now + self._person.body["valid_for"]
        if self._chance(self._profile.scanned):
            self._kernel.spawn(f"{self._person.name}'", self._scan)
        if not self._chance(self._profile.never_opens):
            self._kernel.sleep(
                self._rng.choice((60, 600, 600, self._person.body["valid_for"])) * self._rng.uniform(0.3, 1.2)
            )
            self._use_links()
        return True

    def _follow_up(self, document: dict[str, Any]) -> None:
        super()._follow_up(document)
        if self._person.taps and self._chance(self._profile.taps_later):
            # Mostly after the end or a redaction.
            self._kernel.sleep(self._rng.choice((1, 1000, 10000)) * self._some())
            self._tap()

    def _use_links(self) -> None:
        """Uses one link after the other. A tap before the end of a link leads to the same link."""
        while link := self._open():
            self._verify(link)
            if not self._chance(self._profile.starts_again):
                return
            early = self._chance(0.2)
            self._kernel.sleep(max(link.expires - self._kernel.now, 0) * (self._rng.random() if early else 1))
            self._kernel.sleep(self._rng.choice((0, 90, 150, 900)) * self._some())
            if self._chance(self._profile.leaves):
                # The page of the ended link is still open, and redirects to the return URL.
                self._return(link)

    def _verify(self, link: Link) -> None:
        if self._chance(self._profile.stored_late):
            self._pass_late(link)
            return
        if not self._chance(self._profile.abandons):
            super()._verify(link)
            return
        self._kernel.sleep(self._rng.uniform(5, 300))
        if self._chance(0.5):
            self._vendor.attempt(link.token, passes=self._chance(self._profile.skill))
        if self._chance(0.2):
            self._return(link)

    def _pass_late(self, link: Link) -> None:
        """Passes in the link's last seconds. The vendor stores that late, and much later if another link may follow."""
        self._kernel.sleep(link.expires - self._kernel.now - self._rng.uniform(3, 12))
        if link.record["type"] == "00":
            self._vendor.attempt(link.token, passes=True)
            self._kernel.sleep(self._rng.uniform(0.1, 2))
        late = self._rng.choice((1, 100, 1000, 1000)) * self._rng.uniform(0.1, 1)
        # With those whose creation failed for the bridge, there may be more than three.
        made = sum(each.return_url == link.return_url for each in self._vendor.links.values())
        if made >= 3 or self._kernel.now + late > self._valid_until - 60:
            # The last check of a link without a step comes earlier.
            late = min(late, 30 if link.started else 0)
        self._vendor.attempt(link.token, passes=True, stored_after=late)

    def _open(self) -> Link | None:
        """Hits the page's button until it leads to a link; None after the end, or after eight attempts."""
        for _ in range(8):
            if self._chance(self._profile.taps_twice):
                # An impatient person, or a second device.
                for _ in range(self._rng.randint(1, 2)):
                    self._kernel.spawn(f"{self._person.name}'", self._tap_soon)
            response = self._tap()
            if link := self._link_of(response):
                return link
            if response.status < 500 and self._is_over():
                return None
            # An error page and the page of a pending link reload themselves.
            self._kernel.sleep(self._rng.choice((3, 8) if response.status >= 500 else (3, 31, 61)) * self._some())
        return None

    def _tap_soon(self) -> None:
        self._kernel.sleep(self._rng.choice((0.05, 0.5, 3)) * self._rng.random())
        self._tap()

    def _tap(self) -> HttpResponse:
        """Hits the button."""
        response = self._request("POST", self._start_path)
        self._person.taps.append(Visit(self._kernel.now, self._start_path.split("/")[2], response))
        return response

    def _link_of(self, response: HttpResponse) -> Link | None:
        """Returns the link that the response redirects to, if any."""
        return self._vendor.links.get(response.headers.get("location", "").rpartition("token=")[2])

    def _some(self) -> float:
        return self._rng.uniform(0.5, 1.5)

    def _is_over(self) -> bool:
        """Reads status_url, which the page polls; True if the verification is final or gone."""
        response = self._request("GET", self._status_path)
        self._person.other_responses.append(response)
        if response.status != 200:
            return response.status == 404
        return json.loads(response.body)["status"] not in ("pending", "processing")

    def _scan(self) -> None:
        """Opens the start page up to three times, as mail scanners do."""
        for _ in range(self._rng.randint(0, 3)):
            response = self._request("GET", self._start_path)
            self._person.scans.append(Visit(self._kernel.now, self._start_path.split("/")[2], response))
            self._kernel.sleep(self._rng.choice((1, 100, 10000)) * self._rng.random())
