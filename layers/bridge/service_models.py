"""Reduces botocore's descriptions of AWS services to the operations that the functions call.

botocore/data/{service}/{version}/service-2.json.gz   operations and their input and output shapes
botocore/data/{service}/{version}/paginators-1.json   by operation
botocore/data/endpoints.json                          by partition and service
"""

import gzip
import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def trim(data: Path, operations: Mapping[str, Sequence[str]]) -> None:
    """Removes all services and operations from `data` that are not in `operations`."""
    for service in [path for path in data.iterdir() if path.is_dir()]:
        if service.name not in operations:
            shutil.rmtree(service)
            continue
        newest = max(service.iterdir())
        for version in [path for path in service.iterdir() if path != newest]:
            shutil.rmtree(version)
        _rewrite(newest / "service-2.json.gz", lambda model, called=operations[service.name]: _model(model, called))
        _rewrite(newest / "paginators-1.json", lambda pages, called=operations[service.name]: _pages(pages, called))
        _rewrite(newest / "endpoint-rule-set-1.json.gz", lambda rules: rules)
    _rewrite(data / "endpoints.json", lambda endpoints: _endpoints(endpoints, operations))


def _rewrite(path: Path, change: Any) -> None:
    """Writes the changed file as plain JSON. The layer is compressed as a whole, so gzip would only add work."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    path.unlink()
    path.with_suffix("" if path.suffix == ".gz" else ".json").write_text(
        json.dumps(change(json.loads(text)), ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )


def _model(model: dict[str, Any], called: Sequence[str]) -> dict[str, Any]:
    kept = {name: _undocumented(model["operations"][name]) for name in called}
    shapes = model["shapes"]
    reached: dict[str, Any] = {}
    waiting = list(_names_in(kept))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = _undocumented(shapes[name])
            waiting += _names_in(reached[name])
    # In the original order, so that the build is reproducible.
    ordered = {name: reached[name] for name in shapes if name in reached}
    # The other members, which all operations share. Nested documentation stays, because botocore reads it.
    shared = {key: value for key, value in model.items() if key not in ("operations", "shapes", "documentation")}
    return {**shared, "operations": kept, "shapes": ordered}


def _names_in(value: Any) -> Iterator[str]:
    """The names of the shapes that a description refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for each in value.values():
            yield from _names_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names_in(each)


def _undocumented(value: Any) -> Any:
    """Removes documentation texts. A shape member that is named documentation is an object, and stays."""
    if isinstance(value, dict):
        return {
            key: _undocumented(each)
            for key, each in value.items()
            if not (key in ("documentation", "documentationUrl") and isinstance(each, str))
        }
    return [_undocumented(each) for each in value] if isinstance(value, list) else value


def _pages(pages: dict[str, Any], called: Sequence[str]) -> dict[str, Any]:
    return {"pagination": {name: page for name, page in pages["pagination"].items() if name in called}}


def _endpoints(endpoints: dict[str, Any], services: Collection[str]) -> dict[str, Any]:
    for partition in endpoints["partitions"]:
        partition["services"] = {name: each for name, each in partition["services"].items() if name in services}
    return endpoints
