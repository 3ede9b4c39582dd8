"""People who get the address of a start page: they open it when they like, on several devices, and as often as it lets
them, or never; and what reads their mail opens it, too."""

import json
from typing import Any
from urllib.parse import urlsplit

from .gateway import HttpResponse
from .people import UserFlow
from .person import Visit
from .vendor import Link


class StartFlow(UserFlow):
    """One person's steps where the start page makes the links."""

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
            # After the end, or a redaction; or in time, and then for nothing.
            self._kernel.sleep(self._rng.choice((1, 1000, 10000)) * self._some())
            self._tap()

    def _use_links(self) -> None:
        """One link after the other. A person who comes back before the end of one continues there."""
        while link := self._open():
            self._verify(link)
            if not self._chance(self._profile.starts_again):
                return
            early = self._chance(0.2)
            self._kernel.sleep(max(link.expires - self._kernel.now, 0) * (self._rng.random() if early else 1))
            self._kernel.sleep(self._rng.choice((0, 90, 150, 900)) * self._some())
            if self._chance(self._profile.leaves):
                # The page of the link that ended is still open, and sends the person back.
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
        """All is done in the link's last seconds. The vendor stores it late, and much later where the verification
        stays open for another link."""
        self._kernel.sleep(link.expires - self._kernel.now - self._rng.uniform(3, 12))
        if link.record["type"] == "00":
            self._vendor.attempt(link.token, passes=True)
            self._kernel.sleep(self._rng.uniform(0.1, 2))
        late = self._rng.choice((1, 100, 1000, 1000)) * self._rng.uniform(0.1, 1)
        made = sum(each.return_url == link.return_url for each in self._vendor.links.values())
        if made == 3 or self._kernel.now + late > self._valid_until - 60:
            # A link on which nothing began is over sooner than one that is used.
            late = min(late, 30 if link.started else 0)
        self._vendor.attempt(link.token, passes=True, stored_after=late)

    def _open(self) -> Link | None:
        """The link of the page's button, which is hit until there is one; None if all is over, or patience is."""
        for _ in range(8):
            if self._chance(self._profile.taps_twice):
                # Impatience, or a second device.
                for _ in range(self._rng.randint(1, 2)):
                    self._kernel.spawn(f"{self._person.name}'", self._tap_soon)
            response = self._tap()
            if link := self._link_of(response):
                return link
            if response.status < 500 and self._is_over():
                return None
            # The page of an error reloads itself, that of a link in the making too.
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
        """The link that the browser is sent to, if it is."""
        return self._vendor.links.get(response.headers.get("location", "").rpartition("token=")[2])

    def _some(self) -> float:
        return self._rng.uniform(0.5, 1.5)

    def _is_over(self) -> bool:
        """What the page asks again and again."""
        response = self._request("GET", self._status_path)
        self._person.others.append(response)
        if response.status != 200:
            return response.status == 404
        return json.loads(response.body)["status"] not in ("pending", "processing")

    def _scan(self) -> None:
        """What programs do that follow the links in a mail."""
        for _ in range(self._rng.randint(0, 3)):
            response = self._request("GET", self._start_path)
            self._person.scans.append(Visit(self._kernel.now, self._start_path.split("/")[2], response))
            self._kernel.sleep(self._rng.choice((1, 100, 10000)) * self._rng.random())
