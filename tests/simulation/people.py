"""What people and their frontends do. Each flow is a task; the seed decides its steps."""

import json
import random
from typing import Any
from urllib.parse import urlsplit

from .gateway import Gateway, HttpResponse
from .kernel import Kernel
from .person import Person, Profile, Visit
from .vendor import Link, Vendor


class UserFlow:
    """The steps of one person."""

    def __init__(
        self, kernel: Kernel, gateway: Gateway, vendor: Vendor, rng: random.Random, person: Person, profile: Profile
    ) -> None:
        self._kernel = kernel
        self._gateway = gateway
        self._vendor = vendor
        self._rng = rng
        self._person = person
        self._profile = profile
        self._headers = {"authorization": f"Bearer {person.api_key}", "content-type": "application/json"}

    def run(self) -> None:
        if self._chance(self._profile.doubles_creation) and self._person.key:
            self._kernel.spawn(f"{self._person.name}'", self._create)
        document = self._create()
        if document and self._use(document):
            self._follow_up(document)

    def _use(self, document: dict[str, Any]) -> bool:
        """Uses the links of a created verification; False if it has none."""
        if not document.get("token"):
            return False
        self._verify(self._vendor.links[document["token"]])
        return True

    def flood(self, seconds: float, pause: float) -> None:
        """Creates a verification, and refreshes it in a loop."""
        document = self._create()
        until = self._kernel.now + seconds
        while document and self._kernel.now < until:
            path = f"/verifications/{document['id']}/refresh"
            self._person.refreshes.append(self._request("POST", path, headers=self._headers))
            self._kernel.sleep(pause)

    def _create(self) -> dict[str, Any] | None:
        """Repeats the request until it succeeds, at most six times."""
        headers = dict(self._headers)
        if self._person.key:
            headers["idempotency-key"] = self._person.key
        for attempt in range(1, 7):
            response = self._request("POST", "/verifications", headers=headers, body=json.dumps(self._person.body))
            self._person.creations.append(response)
            if response.status == 201:
                document: dict[str, Any] = json.loads(response.body)
                self._person.created.append(document)
                return document
            wait = float(response.headers.get("retry-after", 1)) * self._rng.uniform(1, 1.2)
            self._kernel.sleep(min(wait + self._rng.random() * 2**attempt, 120))
        return None

    def _verify(self, link: Link) -> None:
        if self._chance(self._profile.never_opens):
            return
        if self._chance(self._profile.last_minute):
            self._hurry(link)
            return
        dawdles = self._chance(self._profile.dawdles)
        self._kernel.sleep(self._rng.uniform(5, 850 if dawdles else 120))
        skill = self._profile.skill
        inconsistent = self._chance(self._profile.inconsistent)
        while self._vendor.attempt(link.token, passes=self._chance(skill), inconsistent=inconsistent):
            if link.is_finished:
                break
            self._kernel.sleep(self._rng.uniform(3, 600 if dawdles and self._chance(0.3) else 60))
            if self._chance(self._profile.walks_away):
                break
            if self._chance(self._profile.leaves):
                # The person returns before the end, and continues later.
                self._return(link)
                self._kernel.sleep(self._rng.uniform(1, 200))
        if not self._chance(self._profile.never_returns):
            self._return(link)

    def _hurry(self, link: Link) -> None:
        """Completes all steps in the link's last seconds, and does not return."""
        self._kernel.sleep(link.expires - self._kernel.now - self._rng.uniform(0.2, 12))
        while self._vendor.attempt(link.token, passes=True) and not link.is_finished:
            self._kernel.sleep(self._rng.uniform(0.1, 3))

    def _return(self, link: Link) -> None:
        """Follows the vendor's redirect. The `is_success` that it appends is random."""
        if self._chance(self._profile.comes_late):
            self._kernel.sleep(self._rng.choice((600, 1200, 4000, 90000)) * self._rng.uniform(0.5, 1.5))
        target = urlsplit(link.return_url).path + f"?is_success={self._rng.choice((0, 1))}"
        if self._chance(self._profile.returns_at_once):
            self._kernel.spawn(f"{self._person.name}'", lambda: self._visit(target))
        if self._person.wants_redaction and self._chance(0.5):
            # The redaction races with the bridge's call of the vendor.
            self._kernel.spawn(f"{self._person.name}'", lambda: self._redact_soon(target.split("/")[2]))
        self._visit(target)
        while self._chance(self._profile.clicks_again):
            self._kernel.sleep(self._rng.choice((0.1, 1, 4, 6, 60)) * self._rng.uniform(0.5, 1.5))
            self._visit(target)

    def _visit(self, target: str) -> None:
        """Opens the return URL. Follows an error page's refresh, or reloads by hand if the profile says so."""
        for _ in range(6):
            response = self._request("GET", target)
            self._person.visits.append(Visit(self._kernel.now, target.split("/")[2], response))
            if response.status < 500:
                return
            if "refresh" not in response.headers and not self._profile.reloads:
                return
            self._kernel.sleep(float(response.headers.get("refresh", self._rng.uniform(2, 20))))

    def _follow_up(self, document: dict[str, Any]) -> None:
        """Polls, refreshes, reads, redacts and replays, as the frontend does afterwards."""
        id, profile = document["id"], self._profile
        if self._chance(profile.polls):
            for _ in range(self._rng.randint(1, 5)):
                self._person.other_responses.append(self._request("GET", urlsplit(document["status_url"]).path))
                self._kernel.sleep(self._rng.uniform(1, 60))
        if self._chance(profile.refreshes):
            self._refresh(id)
        if self._chance(profile.reads):
            self._kernel.sleep(self._rng.uniform(0, 1200))
            path = f"/verifications/{id}{self._rng.choice(('', '?expand=result'))}"
            self._person.other_responses.append(self._request("GET", path, headers=self._headers))
            listing = f"/verifications?reference={self._person.body['reference']}&limit=1"
            self._person.other_responses.append(self._request("GET", listing, headers=self._headers))
        if self._person.wants_redaction and not self._person.redactions:
            self._kernel.sleep(self._rng.choice((0, 1, 30, 1000)))
            self._redact(id)
        if self._chance(profile.replays):
            path = f"/verifications/{id}/events/replay"
            self._person.other_responses.append(self._request("POST", path, headers=self._headers))

    def _refresh(self, id: str) -> None:
        for _ in range(self._rng.randint(1, 3)):
            self._person.refreshes.append(self._request("POST", f"/verifications/{id}/refresh", headers=self._headers))
            self._kernel.sleep(self._rng.choice((0.2, 5.5, 30)))

    def _redact_soon(self, id: str) -> None:
        self._kernel.sleep(self._rng.uniform(0, 0.8))
        self._redact(id)

    def _redact(self, id: str) -> None:
        """Repeats the redaction until a response confirms it, at most 40 times."""
        for _ in range(40):
            response = self._request("POST", f"/verifications/{id}/redact", headers=self._headers)
            self._person.redactions.append(response)
            if response.status < 500:
                return
            self._kernel.sleep(self._rng.uniform(60, 400))

    def _request(self, method: str, target: str, **options: Any) -> HttpResponse:
        about = [self._person.name]
        parts = target.split("?", maxsplit=1)[0].split("/")
        if len(parts) > 2:
            about.append(parts[2])
        return self._gateway.request(method, target, about=about, **options)

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability
