"""What a place of a message should hold, in plain English, and which code fits what stands there instead.

The words come from the declared type alone; the value is looked at for its kind and length, never repeated.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import inspect

from registry.domain.errors import FaultCode

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")  # values of the domain are called by the name of their class
_LISTS = (inspect.ListType, inspect.VarTupleType, inspect.TupleType, inspect.SetType, inspect.FrozenSetType)
_MEASURED: dict[type, tuple[type[inspect.Type], ...]] = {str: (inspect.StrType,), list: _LISTS}
_TIMES = (inspect.DateType, inspect.DateTimeType, inspect.TimeType)


def words_for(annotation: Any) -> str:
    """Say what a value of this type looks like: kind, length, range, form, allowed values."""
    return " or ".join(dict.fromkeys(map(_words, _shapes(annotation))))


def code_for(value: Any, annotation: Any) -> FaultCode:
    """Choose the code for a value that was refused as a whole, by its JSON kind and the declared type."""
    shapes = _shapes(annotation)
    match value:
        case str() | list() if any(isinstance(shape, _MEASURED[type(value)]) for shape in shapes):
            return _code_by_length(value, shapes)
        case str() if any(isinstance(shape, _TIMES) for shape in shapes):
            return FaultCode.DATE_UNREADABLE
        case dict() if any(isinstance(shape, inspect.StructType) for shape in shapes):
            return FaultCode.NOT_ALLOWED_HERE
        case bool():
            return FaultCode.WRONG_TYPE
        case str() | int() if any(_same_kind(value, shape) for shape in shapes):
            return FaultCode.OUT_OF_RANGE
    return FaultCode.WRONG_TYPE


def one_of(choices: Iterable[Any]) -> str:
    """List the values allowed, in order of their spelling."""
    return "one of: " + ", ".join(sorted(map(str, choices)))


def _shapes(annotation: Any) -> tuple[inspect.Type, ...]:
    """Return what msgspec knows of a type: the members of a union, bare of metadata."""
    shape = inspect.type_info(annotation)
    while isinstance(shape, inspect.Metadata):
        shape = shape.type
    return shape.types if isinstance(shape, inspect.UnionType) else (shape,)


def _words(shape: inspect.Type) -> str:
    """Say what one kind of value looks like."""
    if isinstance(shape, inspect.Metadata):
        return _words(shape.type)
    return _WORDS.get(type(shape), lambda _: "another kind of value")(shape)


def _text(shape: inspect.StrType) -> str:
    form = f" of the form {shape.pattern}" if shape.pattern else ""
    return "text" + _within(shape.min_length, shape.max_length, "characters") + form


def _within(least: float | None, most: float | None, unit: str = "") -> str:
    """Say a range of lengths or numbers; nothing when there is none."""
    return {
        (True, True): f" of {least} to {most} {unit}",
        (True, False): f" of at least {least} {unit}",
        (False, True): f" of at most {most} {unit}",
        (False, False): "",
    }[least is not None, most is not None].rstrip()


_WORDS: dict[type[inspect.Type], Callable[[Any], str]] = {
    inspect.NoneType: lambda _: "null",
    inspect.BoolType: lambda _: "true or false",
    inspect.IntType: lambda shape: "a whole number" + _within(shape.ge, shape.le),
    inspect.FloatType: lambda shape: "a number" + _within(shape.ge, shape.le),
    inspect.StrType: _text,
    inspect.EnumType: lambda shape: one_of(member.value for member in shape.cls),
    inspect.LiteralType: lambda shape: one_of(shape.values),
    inspect.DateType: lambda _: "a date as 2026-03-31",
    inspect.DateTimeType: lambda _: "a time as 2026-03-31T09:00:00+09:00",
    inspect.TimeType: lambda _: "a time of day as 09:00:00",
    inspect.TimeDeltaType: lambda _: "a duration as PT1H",
    inspect.UUIDType: lambda _: "a UUID",
    inspect.DecimalType: lambda _: "a decimal number",
    inspect.BytesType: lambda _: "base64",
    inspect.TupleType: lambda shape: f"a list of {len(shape.item_types)} items",
    inspect.StructType: lambda _: "an object",
    inspect.CustomType: lambda shape: "text: " + _CAPITAL.sub(" ", shape.cls.__name__).lower(),
    inspect.DictType: lambda shape: "an object" + _within(shape.min_length, shape.max_length, "items"),
} | dict.fromkeys(
    (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType),
    lambda shape: "a list" + _within(shape.min_length, shape.max_length, "items"),
)


def _code_by_length(value: str | list[Any], shapes: Iterable[inspect.Type]) -> FaultCode:
    """Tell too long and empty from what has an allowed length and is wrong in another way."""
    longest = [getattr(shape, "max_length", None) for shape in shapes if isinstance(shape, _MEASURED[type(value)])]
    if not value:
        return FaultCode.EMPTY
    if all(most is not None and len(value) > most for most in longest):
        return FaultCode.TOO_LONG
    return FaultCode.OUT_OF_RANGE


def _same_kind(value: str | int, shape: inspect.Type) -> bool:
    """Tell whether the type takes JSON of this kind at all, so that only the value is wrong."""
    match shape:
        case inspect.EnumType():
            return isinstance(next(iter(shape.cls)).value, type(value))
        case inspect.LiteralType():
            return isinstance(shape.values[0], type(value))
    return isinstance(value, int) and isinstance(shape, inspect.IntType | inspect.FloatType)
