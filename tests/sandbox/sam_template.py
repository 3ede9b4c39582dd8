"""Changes a copy of the built template for `sam local`. The template itself has nothing for local runs."""

import json
from pathlib import Path

from . import template

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"


def with_endpoint_variable(built: Path) -> Path:
    """Writes a copy in which every function declares AWS_ENDPOINT_URL: `--env-vars` sets only declared variables.

    The copy is in the same folder, because the template has relative paths. It is JSON, which is valid YAML.
    """
    document = template.source(built)
    function = document.setdefault("Globals", {}).setdefault("Function", {})
    function.setdefault("Environment", {}).setdefault("Variables", {})[ENDPOINT_VARIABLE] = ""
    copy = built.with_name("sam-local.yaml")
    # The YAML parser turns text such as the version of a policy into dates.
    copy.write_text(json.dumps(document, default=str), encoding="utf-8")
    return copy


def with_origin(copy: Path, origin: str) -> Path:
    """Rewrites the copy so that pages of `origin` may call the API of `sam local`.

    sam does not resolve the template's condition, uses other names for the CORS settings, and exposes no headers.
    """
    document = json.loads(copy.read_text(encoding="utf-8"))
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::HttpApi":
            _, declared, _ = resource["Properties"]["CorsConfiguration"]["Fn::If"]
            named = {name[:1].upper() + name[1:]: value for name, value in declared.items()}
            resource["Properties"]["CorsConfiguration"] = named | {"AllowOrigins": [origin]}
    copy.write_text(json.dumps(document), encoding="utf-8")
    return copy
