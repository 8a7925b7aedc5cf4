"""The document at /schema as a reader without our programs has it: to follow, to write messages by, to check by."""

import json
import re
from collections.abc import Iterator

from registry.contract.decoding import encode
from registry.web.openapi import document

DOCUMENT = json.loads(encode(document()))
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    (method, path): operation for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
}


def nodes(tree):
    """Every object of a JSON text."""
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(inner)


def resolved(reference):
    """What a local reference points at (RFC 6901)."""
    here = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        here = here[step]
    return here


# ---------------------------------------------------------------------------- messages made from the document

TEXTS = ("US", "TK7654321", "extract-1", "9081726354", "x")
FORMATS = {"date": "2024-04-01", "date-time": "2024-04-01T09:00:00Z"}


def made(schema):
    """A value made from the document alone: every member, the first of each choice, the examples."""
    if "$ref" in schema:
        return made(resolved(schema["$ref"]))
    if "anyOf" in schema:
        return made(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    if "examples" in schema:
        return schema["examples"][0]
    return MADE[schema["type"]](schema)


MADE = {
    "object": lambda schema: {name: made(inner) for name, inner in schema.get("properties", {}).items()},
    "array": lambda schema: [made(schema["items"])],
    "integer": lambda schema: schema.get("minimum", 1),
    "boolean": lambda _: False,
    "string": lambda schema: (
        FORMATS.get(schema.get("format")) or next(text for text in TEXTS if re.search(schema.get("pattern", ""), text))
    ),
}


# ------------------------------------------------------------------------------ messages held against the document


def misfits(value, schema, at="") -> Iterator[str]:
    """Name every place where a JSON value does not fit a schema, as far as this document uses JSON Schema."""
    if "$ref" in schema:
        yield from misfits(value, resolved(schema["$ref"]), at)
    elif "anyOf" in schema:
        if all(any(misfits(value, one)) for one in schema["anyOf"]):
            yield f"{at}: none of the choices"
    elif "enum" in schema:
        yield from () if value in schema["enum"] else (f"{at}: not in the list",)
    elif not isinstance(value, KINDS[schema["type"]]):
        yield f"{at}: no {schema['type']}"
    elif isinstance(value, dict):
        yield from _misfits_of_members(value, schema, at)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from misfits(one, schema["items"], f"{at}/{index}")
    elif isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: another form"


def _misfits_of_members(value, schema, at):
    properties = schema.get("properties", {})
    yield from (f"{at}/{name}: missing" for name in schema.get("required", ()) if name not in value)
    for name, one in value.items():
        if name in properties:
            yield from misfits(one, properties[name], f"{at}/{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{at}/{name}: unknown"


KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
