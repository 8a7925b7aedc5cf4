"""Why a value does not have the shape of a message: one fault per wrong place.

msgspec alone decides whether a value fits, but it stops at the first thing that does not. Here it is asked again,
part by part, so that verdict and explanation never disagree: a place is wrong when msgspec refuses it and
none of its parts. This runs only after a refusal, so it may be slow.
"""

import re
import types
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Annotated, Any, Final, Literal, TypeGuard, TypeVar, Union, get_args, get_origin

import msgspec

from registry.contract.shapes import code_for, one_of, words_for
from registry.contract.values import from_json
from registry.domain.errors import Fault, FaultCode, Refusal

T = TypeVar("T")

# What the name of an item looks like. The name of a member is the sender's choice and could be anything, the
# number or name of a person among it: other scripts, or five digits in a row, are not repeated.
_NAME: Final = re.compile(r"(?!.*[0-9]{5})[A-Za-z_][A-Za-z0-9_]{0,39}")


def step(name: str) -> str:
    """Write one step of an RFC 6901 pointer; a name that does not look like one of an item becomes "?"."""
    return f"/{name}" if _NAME.fullmatch(name) else "/?"


def fitted(value: Any, type_: type[T]) -> T | None:
    """Return the parsed JSON ``value`` as ``type_``, a Struct, or None when it does not fit."""
    try:
        return msgspec.convert(value, type_, strict=True, dec_hook=from_json)
    except (msgspec.ValidationError, UnicodeEncodeError, Refusal):  # half surrogates do not even encode
        return None


def mismatches(value: Any, annotation: Any, pointer: str = "") -> Iterator[Fault]:
    """Name every place of the parsed JSON ``value`` that keeps it from being an ``annotation``; none if it fits.

    ``pointer`` is where the value stands. Depth of recursion is that of the value.
    """
    refused = _refused(value, annotation)
    if refused is None:
        return
    inside = _in_parts(value, annotation, pointer)
    first = next(inside, None)
    if first is not None:
        yield first
        yield from inside
    elif refused:  # a rule of the domain spoke at construction and knows better
        yield from (fault.under(pointer) for fault in refused)
    else:
        yield Fault(code=code_for(value, annotation), pointer=pointer, expected=words_for(annotation))


@cache
def demand_closed(type_: type) -> None:
    """Refuse, as a slip of programming, a message that would let unknown fields pass at some level."""
    for struct in _structs_in(type_, set()):
        if not struct.__struct_config__.forbid_unknown_fields:
            raise TypeError(f"{struct.__name__} stands in a message and must forbid unknown fields")


def _refused(value: Any, annotation: Any) -> tuple[Fault, ...] | None:
    """Ask msgspec: None if the value fits, else the faults of a domain rule if one of them refused it."""
    try:
        msgspec.convert(value, annotation, strict=True, dec_hook=from_json)
    except Refusal as refusal:
        return refusal.faults
    except (msgspec.ValidationError, UnicodeEncodeError):
        return ()
    return None


def _in_parts(value: Any, annotation: Any, pointer: str) -> Iterator[Fault]:
    """Look for the faults of the members or items of a value that was refused."""
    members = _members(annotation)
    if isinstance(value, dict):
        if structs := [member for member in members if _is_struct(_origin(member))]:
            yield from _in_union(value, structs, pointer)
        for member in members:
            if _origin(member) is dict:
                yield from _in_entries(value, member, pointer)
    if isinstance(value, list):
        for member in members:
            if _origin(member) in {list, tuple, set, frozenset}:
                yield from _in_items(value, member, pointer)


def _in_union(value: dict[str, Any], structs: list[Any], pointer: str) -> Iterator[Fault]:
    """Choose the struct by its tag (msgspec allows several structs in a union only with tags) and look inside."""
    if len(structs) == 1:
        yield from _in_struct(value, structs[0], pointer)
        return
    by_tag = {_origin(struct).__struct_config__.tag: struct for struct in structs}
    tag_field = _origin(structs[0]).__struct_config__.tag_field
    if tag_field not in value:
        yield Fault(code=FaultCode.MISSING, pointer=f"{pointer}/{tag_field}", expected=one_of(by_tag))
    elif isinstance(value[tag_field], str | int) and value[tag_field] in by_tag:
        yield from _in_struct(value, by_tag[value[tag_field]], pointer)
    else:
        yield Fault(code=FaultCode.OUT_OF_RANGE, pointer=f"{pointer}/{tag_field}", expected=one_of(by_tag))


def _in_struct(value: dict[str, Any], struct: Any, pointer: str) -> Iterator[Fault]:
    """Name missing and unknown fields, a wrong tag, and what is wrong in the fields that are there."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    config = _origin(struct).__struct_config__
    for name, field in fields.items():
        if name in value:
            yield from mismatches(value[name], field.type, f"{pointer}/{name}")
        elif field.required:
            yield Fault(code=FaultCode.MISSING, pointer=f"{pointer}/{name}", expected=words_for(field.type))
    for name in value:
        if name not in fields and name != config.tag_field:
            yield Fault(code=FaultCode.UNKNOWN_FIELD, pointer=pointer + step(name), expected=one_of(fields))
    if value.get(config.tag_field, config.tag) != config.tag:
        yield Fault(code=FaultCode.OUT_OF_RANGE, pointer=f"{pointer}/{config.tag_field}", expected=one_of([config.tag]))


def _in_entries(value: dict[str, Any], mapping: Any, pointer: str) -> Iterator[Fault]:
    """Look into a map: keys are the sender's words, so only their kind is told."""
    key_type, value_type = get_args(mapping) or (Any, Any)
    for name, item in value.items():
        if _refused(name, key_type) is not None:
            yield Fault(code=code_for(name, key_type), pointer=pointer + step(name), expected=words_for(key_type))
        yield from mismatches(item, value_type, pointer + step(name))


def _in_items(value: list[Any], sequence: Any, pointer: str) -> Iterator[Fault]:
    """Look into a list, item by item; a fixed tuple has a type for each place."""
    item_types = get_args(sequence) or (Any,)
    if _origin(sequence) is not tuple or item_types[-1] is Ellipsis:
        item_types = item_types[:1] * len(value)
    for index, (item, item_type) in enumerate(zip(value, item_types, strict=False)):
        yield from mismatches(item, item_type, f"{pointer}/{index}")


def _members(annotation: Any) -> tuple[Any, ...]:
    """Take an annotation apart: the members of a union, bare of Annotated and NewType."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if hasattr(annotation, "__supertype__"):
        return _members(annotation.__supertype__)
    if get_origin(annotation) in {Union, types.UnionType}:
        return tuple(chain.from_iterable(map(_members, get_args(annotation))))
    return (annotation,)


def _origin(member: Any) -> Any:
    """Return the class behind a possibly parametrised type."""
    return get_origin(member) or member


def _is_struct(class_: Any) -> TypeGuard[type[msgspec.Struct]]:
    """Tell whether a class is a Struct."""
    return isinstance(class_, type) and issubclass(class_, msgspec.Struct)


def _structs_in(annotation: Any, seen: set[Any]) -> Iterator[type[msgspec.Struct]]:
    """Find every struct that a message can hold, each once."""
    for member in _members(annotation):
        class_ = _origin(member)
        if class_ is Literal or class_ in seen:
            continue
        for argument in get_args(member):
            yield from _structs_in(argument, seen)
        if _is_struct(class_):
            seen.add(class_)
            yield class_
            for field in msgspec.structs.fields(member):
                yield from _structs_in(field.type, seen)
