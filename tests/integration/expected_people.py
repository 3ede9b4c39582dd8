"""Persons that callers expect, and how the fake vendor's document compares with them."""

import json
from typing import Any

from tests.integration.harness import World

AMINAH = {"name": "Aminah Contoh", "id_number": "900101145555", "birthday": "1990-01-01"}
FATIMAH = {"name": "Fatimah Contoh", "id_number": "910202-14-6666", "birthday": "1991-02-02"}
ALL_MATCH = {"name": True, "id_number": True, "birthday": True}
NONE_MATCHES = {"name": False, "id_number": False, "birthday": False}
UNKNOWN = {"name": None, "id_number": None, "birthday": None}


def expected(world: World, id: str) -> list[Any]:
    """Returns the stored expected person, if any."""
    return [fields for fields in map(json.loads, world.stored.results(id)) if "birthday" in fields]
