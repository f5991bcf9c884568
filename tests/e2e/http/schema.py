# SPDX-License-Identifier: MIT
"""As much of JSON Schema as the description of the HTTP API uses."""

from __future__ import annotations

import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def resolve(document: dict, schema: dict) -> dict:
    while "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def is_of(value: object, name: str) -> bool:
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def troubles(document: dict, schema: dict, value: object, where: str = "$") -> list[str]:
    """Where the value is not as the schema says; nothing when it is."""
    schema = resolve(document, schema)
    if "oneOf" in schema:
        fits = [one for one in schema["oneOf"] if not troubles(document, one, value)]
        return [] if len(fits) == 1 else [f"{where}: {len(fits)} of oneOf fit"]
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_of(value, name) for name in names):
        return [f"{where}: {value!r} is no {names}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} is not {schema['pattern']}")
    if isinstance(value, list):
        for at, item in enumerate(value):
            found += troubles(document, schema.get("items", {}), item, f"{where}[{at}]")
    if isinstance(value, dict):
        found += _object_troubles(document, schema, value, where)
    return found


def _object_troubles(document: dict, schema: dict, value: dict, where: str) -> list[str]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    found = [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
    for name, member in value.items():
        if name in properties:
            found += troubles(document, properties[name], member, f"{where}.{name}")
        elif others is False:
            found.append(f"{where}: {name} is not described")
        elif isinstance(others, dict):
            found += troubles(document, others, member, f"{where}.{name}")
    return found
