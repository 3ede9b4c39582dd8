"""The scenarios that produce each documented response."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import requests

from tests.contract.api import BODY, FRONTEND, Api, environment, path_ids
from tests.contract.contract import Case

Scenario = Callable[[Api], requests.Response]

CREATE, LIST, READ = "create_verification", "list_verifications", "read_verification"
REFRESH, REDACT = "refresh_verification", "redact_verification"
EVENTS, REPLAY = "list_events", "replay_events"
START_PAGE, START = "show_start_page", "start_verification"
STATUS, RETURN, DONE = "get_status", "return_person", "show_done_page"

# Faults of the fake vendor, and the problem that each causes.
VENDOR_FAULTS = {
    "422": (502, "vendor_rejected"),
    "inner_status:400": (502, "vendor_rejected"),
    "redirect": (502, "vendor_malformed"),
    "401": (502, "vendor_credentials"),
    "500": (503, "vendor_unavailable"),
    "reset": (503, "vendor_unavailable"),
    "garbage": (502, "vendor_malformed"),
    "huge": (502, "vendor_malformed"),
    "429": (503, "vendor_rate_limited"),
    "inner_status:408": (504, "vendor_timeout"),
}


def _listed(api: Api) -> requests.Response:
    for _ in range(3):
        api.created(reference="customer-42", metadata={"tier": "gold"})
    query = {"reference": "customer-42", "limit": "2"}
    first = api.call(LIST, params=query)
    assert [item["reference"] for item in first.json()["data"]] == ["customer-42"] * 2
    last = api.call(LIST, params={**query, "cursor": first.json()["next_cursor"]})
    assert len(last.json()["data"]) == 1
    return last


def _listed_by_time(api: Api) -> requests.Response:
    id = api.created()["id"]
    found = api.call(LIST, params={"status": "pending", "created_after": "2026-01-01T00:00:00Z"})
    assert id in [item["id"] for item in found.json()["data"]]
    return found


def _still_running(api: Api) -> requests.Response:
    # Long enough to send the second request on a busy machine, and shorter than the bridge's timeout for the vendor.
    api.vendor.fault("slow", on="create", seconds=5)
    first = threading.Thread(target=api.create, kwargs={"idempotency_key": "same"})
    first.start()
    try:
        while not api.vendor.calls()["create"]:
            time.sleep(0.01)
        return api.create(idempotency_key="same")
    finally:
        first.join()


def _reused(api: Api) -> requests.Response:
    api.create(idempotency_key="same")
    return api.create(idempotency_key="same", type="01")


def _without_scopes(operation: str, api: Api) -> requests.Response:
    return api.call(operation, key=api.key([]))


def _of_another(operation: str, api: Api) -> requests.Response:
    everything = [*(f"verifications:{what}" for what in ("write", "read", "read_result", "redact")), "events:replay"]
    return api.call(operation, id=api.created()["id"], key=api.key(everything, principal="another"))


def _without_table(operation: str, api: Api) -> requests.Response:
    with environment(TABLE_NAME="no-such-table"):
        if operation == CREATE:
            return api.create()
        return api.call(operation, params={"reference": "customer-42"} if operation == LIST else None)


def _vendor_fault_on_create(fault: str, api: Api) -> requests.Response:
    api.vendor.fault(fault, on="create", times=None, retry_after=60 if fault == "429" else None)
    return api.create()


def _vendor_fault_on_refresh(fault: str, api: Api) -> requests.Response:
    verification = api.created()
    api.vendor.fault(fault, on="get", times=None, retry_after=60 if fault == "429" else None)
    return api.call(REFRESH, id=verification["id"])


def _return(outcome: str, api: Api) -> requests.Response:
    verification = api.created()
    api.vendor.play(verification["token"], outcome)
    return api.call(RETURN, **path_ids(verification), params={"is_success": "1"})


def _return_without_redirect_url(api: Api) -> requests.Response:
    return api.call(RETURN, **path_ids(api.created(redirect_url=None)))


def _done(outcome: str, api: Api) -> requests.Response:
    verification = api.created(redirect_url=None)
    api.vendor.play(verification["token"], outcome)
    api.call(RETURN, **path_ids(verification))
    return api.call(DONE, **path_ids(verification), headers={"Accept-Language": "zh-Hans"})


def _unopened(api: Api, **fields: Any) -> dict[str, Any]:
    return api.created(link="on_open", valid_for=3600, **fields)


def _ended(api: Api, **fields: Any) -> dict[str, Any]:
    verification = _unopened(api, **fields)
    api.call(START, **path_ids(verification))
    link = api.call(READ, id=verification["id"]).json()
    api.vendor.play(link["token"], "verified")
    api.call(RETURN, **path_ids(verification))
    return verification


def _started(fault: str | None, api: Api) -> requests.Response:
    verification = _unopened(api)
    if fault:
        api.vendor.fault(fault, on="create", times=None)
    return api.call(START, **path_ids(verification))


def _followed(origins: str, api: Api) -> requests.Response:
    verification = _ended(api)
    with environment(ALLOWED_REDIRECT_ORIGINS=origins):
        return api.call(START_PAGE, **path_ids(verification), params={"follow": "1"})


def _disallowed_return(api: Api) -> requests.Response:
    verification = api.created()
    with environment(ALLOWED_REDIRECT_ORIGINS="https://elsewhere.example"):
        return api.call(RETURN, **path_ids(verification))


def _prefetched(api: Api) -> requests.Response:
    return api.call(RETURN, **path_ids(api.created()), headers={"Sec-Purpose": "prefetch"})


SCENARIOS: list[tuple[Case, Scenario]] = [
    (Case(CREATE, 201), lambda api: api.create(idempotency_key="new", reference="customer-42", metadata={"tier": ""})),
    (Case(CREATE, 400, "invalid_request"), lambda api: api.create(type="02", colour="red", metadata={"": 1})),
    (Case(CREATE, 409, "still_running"), _still_running),
    (Case(CREATE, 413, "body_too_large"), lambda api: api.create(reference="x" * 65536)),
    (Case(CREATE, 415, "unsupported_media_type"), lambda api: api.call(CREATE, data=BODY)),
    (Case(CREATE, 422, "idempotency_key_reused"), _reused),
    (Case(LIST, 200), _listed),
    (Case(LIST, 200), _listed_by_time),
    (Case(LIST, 400, "invalid_request"), lambda api: api.call(LIST, params={"limit": "0", "cursor": "?", "page": "2"})),
    (Case(READ, 200), lambda api: api.call(READ, id=api.created()["id"])),
    (Case(READ, 400, "invalid_request"), lambda api: api.call(READ, params={"expand": "everything"})),
    (Case(REFRESH, 200), lambda api: api.call(REFRESH, id=api.created()["id"])),
    (Case(REDACT, 200), lambda api: api.call(REDACT, id=api.created(reference="customer-42")["id"])),
    (Case(EVENTS, 200), lambda api: api.call(EVENTS, id=api.created()["id"])),
    (Case(REPLAY, 202), lambda api: api.call(REPLAY, id=api.created()["id"])),
    (Case(STATUS, 200), lambda api: api.call(STATUS, **path_ids(api.created()))),
    (Case(STATUS, 404, "not_found"), lambda api: api.call(STATUS, id=api.created()["id"])),
    (Case(STATUS, 503, "storage_unavailable"), partial(_without_table, STATUS)),
    (Case(RETURN, 303), partial(_return, "verified")),
    (Case(RETURN, 303), partial(_return, "9108")),
    (Case(RETURN, 303), _return_without_redirect_url),
    (Case(RETURN, 303), lambda api: api.call(RETURN, **path_ids(_unopened(api)))),
    (Case(DONE, 200), lambda api: api.call(DONE, **path_ids(api.created()))),
    (Case(DONE, 200), partial(_done, "verified")),
    (Case(DONE, 200), partial(_done, "9102")),
    (Case(DONE, 303), lambda api: api.call(DONE, **path_ids(_unopened(api)))),
    (Case(DONE, 404), lambda api: api.call(DONE, id=api.created()["id"])),
    (Case(DONE, 503), partial(_without_table, DONE)),
    (Case(RETURN, 404), lambda api: api.call(RETURN, id=api.created()["id"])),
    (Case(RETURN, 410), _disallowed_return),
    (Case(RETURN, 425), _prefetched),
    (Case(RETURN, 503), partial(_without_table, RETURN)),
    (Case(START_PAGE, 200), lambda api: api.call(START_PAGE, **path_ids(_unopened(api)))),
    (Case(START_PAGE, 200), lambda api: api.call(START_PAGE, **path_ids(_ended(api)))),
    (Case(START_PAGE, 303), partial(_followed, FRONTEND)),
    (Case(START_PAGE, 404), lambda api: api.call(START_PAGE, **path_ids(api.created()))),
    (Case(START_PAGE, 410), partial(_followed, "https://elsewhere.example")),
    (Case(START_PAGE, 503), partial(_without_table, START_PAGE)),
    (Case(START, 303), partial(_started, None)),
    (Case(START, 303), lambda api: api.call(START, **path_ids(_ended(api)))),
    (Case(START, 404), lambda api: api.call(START, **path_ids(api.created()))),
    (Case(START, 502), partial(_started, "422")),
    (Case(START, 503), partial(_started, "500")),
    (Case(START, 503), partial(_without_table, START)),
    (Case(START, 504), partial(_started, "inner_status:408")),
    (Case("health", 200), lambda api: api.call("health")),
    (Case("openapi", 200), lambda api: api.call("openapi")),
    *[(Case(name, 403, "missing_scope"), partial(_without_scopes, name)) for name in (CREATE, LIST, READ)],
    *[(Case(name, 403, "missing_scope"), partial(_without_scopes, name)) for name in (REFRESH, REDACT, EVENTS, REPLAY)],
    *[(Case(name, 404, "not_found"), partial(_of_another, name)) for name in (READ, REFRESH, REDACT, EVENTS, REPLAY)],
    *[(Case(name, 503, "storage_unavailable"), partial(_without_table, name)) for name in (CREATE, LIST, READ)],
    *[(Case(name, 503, "storage_unavailable"), partial(_without_table, name)) for name in (REFRESH, REDACT)],
    *[(Case(name, 503, "storage_unavailable"), partial(_without_table, name)) for name in (EVENTS, REPLAY)],
    *[(Case(CREATE, *problem), partial(_vendor_fault_on_create, name)) for name, problem in VENDOR_FAULTS.items()],
    *[(Case(REFRESH, *problem), partial(_vendor_fault_on_refresh, name)) for name, problem in VENDOR_FAULTS.items()],
]
