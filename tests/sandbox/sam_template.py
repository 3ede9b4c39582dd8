"""The copy of the built template that `sam local` gets. The template itself has nothing for local runs."""

import json
from pathlib import Path
from typing import cast

from samtranslator.yaml_helper import yaml_parse

from .template import Document

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"


def with_endpoint_variable(built: Path) -> Path:
    """Writes a copy in which every function declares AWS_ENDPOINT_URL: `--env-vars` sets only what is declared.

    The copy is beside the original, as both name the code by paths relative to their folder. JSON is YAML, too.
    """
    document = cast(Document, yaml_parse(built.read_text(encoding="utf-8")))
    function = document.setdefault("Globals", {}).setdefault("Function", {})
    function.setdefault("Environment", {}).setdefault("Variables", {})[ENDPOINT_VARIABLE] = ""
    copy = built.with_name("sam-local.yaml")
    # Dates, such as the version of a policy's language, were text before they were parsed.
    copy.write_text(json.dumps(document, default=str), encoding="utf-8")
    return copy


def with_origin(copy: Path, origin: str) -> Path:
    """Lets pages of `origin` call the API that `sam local` makes of a copy, which this rewrites.

    sam does not resolve the template's condition, and reads SAM's names of the settings. It knows no exposed headers.
    """
    document = json.loads(copy.read_text(encoding="utf-8"))
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::HttpApi":
            _, declared, _ = resource["Properties"]["CorsConfiguration"]["Fn::If"]
            named = {name[:1].upper() + name[1:]: value for name, value in declared.items()}
            resource["Properties"]["CorsConfiguration"] = named | {"AllowOrigins": [origin]}
    copy.write_text(json.dumps(document), encoding="utf-8")
    return copy
