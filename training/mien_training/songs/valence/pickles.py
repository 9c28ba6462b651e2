"""Pickled clips, read without running anything that is in them.

The standard library's `pickle` calls whatever a file names, and numpy's own unpickling trusts what it is told of an array's
memory. So neither gets to see a file as it is: first every instruction of it is held against a list of those that arrays, numbers,
strings, lists and dictionaries are made of; then only numpy's array makers may be named, and in their place stand makers of
our own that check type, shape and length, and take plain numbers only.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError

_PLAIN = (
    "PROTO FRAME STOP MARK POP POP_MARK MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET NONE NEWTRUE NEWFALSE "
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE "
    "SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM "
    "SETITEMS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 GLOBAL STACK_GLOBAL REDUCE BUILD"
)
_ALLOWED = frozenset(_PLAIN.split())
_KINDS = frozenset(
    f"{kind}{size}" for kind, sizes in {"i": "1248", "u": "1248", "f": "248", "b": "1"}.items() for size in sizes
)
_LONGEST_NUMBER = 20  # bytes or digits: no clip needs a larger one, and Python takes its time with those
_SEALED = "nothing may be set on it"


def read_pickle(path: Path) -> Any:
    """What a pickle file holds, of dictionaries, lists, tuples, strings, bytes, numbers and numeric numpy arrays.

    Raises:
        DataError: the file cannot be read, is damaged, or holds anything else.

    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        _check_instructions(content)
        return _finished(_Reader(io.BytesIO(content), encoding="latin1").load())
    except _Refused as refusal:
        raise DataError(
            f"{path}: {refusal}; only arrays, numbers and strings are read from a pickle, save the clip as .npz"
        ) from None
    except Exception as error:  # damaged instructions make the library raise nearly anything
        raise DataError(f"{path}: damaged pickle ({type(error).__name__}: {error}); save the clip as .npz") from error


class _Refused(Exception):  # noqa: N818 - it is a verdict on the file
    pass


def _check_instructions(content: bytes) -> None:
    """Walk through the file without doing anything it says (`pickletools`), and refuse what no clip needs."""
    for count, (opcode, argument, _) in enumerate(pickletools.genops(content), 1):
        if opcode.name not in _ALLOWED:
            raise _Refused(f"instruction {opcode.name} is not allowed")
        if not isinstance(argument, int):
            continue
        if opcode.name in {"PUT", "LONG_BINPUT"} and argument > count:
            raise _Refused("puts something where no memory is")  # C's memo is an array as long as its highest place
        if argument.bit_length() > 8 * _LONGEST_NUMBER:
            raise _Refused("holds a number without end")


class _Sealed:
    """Something that a pickle may name: it can be called or made into an array, and nothing can be set on it."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        raise _Refused(_SEALED)


class _Maker(_Sealed):
    """A function that a pickle may call."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: object) -> Any:
        return self._make(*arguments)


class _Name(_Sealed):
    """A class that a pickle must name and may not call."""

    __slots__ = ()


class _Dtype(_Sealed):
    """In the place of numpy's dtype: a plain number's type, in either byte order."""

    __slots__ = ("_code", "order")

    def __init__(self, code: object, *flags: object) -> None:
        if not isinstance(code, str) or code not in _KINDS:
            raise _Refused(f"an array of {code!r:.30} is not of plain numbers")
        self._code = code
        self.order = "<"

    def __setstate__(self, state: object) -> None:
        # (version, byte order, nothing, nothing, nothing, -1, -1, 0); what else numpy would take from here is what to fear.
        if not isinstance(state, tuple) or len(state) < 3 or state[1] not in ("<", ">", "|", "="):
            raise _Refused("an array's type is described in a way that is not known")
        if any(part is not None for part in state[2:5]):
            raise _Refused("an array of records is not of plain numbers")
        self.order = ">" if state[1] == ">" else "<"

    def make(self) -> np.dtype[Any]:
        return np.dtype(self.order + self._code)


class _Array(_Sealed):
    """In the place of an array, until the file has been read."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made: npt.NDArray[Any] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise _Refused("an array is described in a way that is not known")
        _, shape, dtype, fortran, content = state
        if isinstance(content, str):  # protocols 0 to 2 of Python 2
            content = content.encode("latin1")
        self.made = _make_array(content, dtype, shape, "F" if fortran else "C")


def _make_array(content: object, dtype: object, shape: object, order: object) -> npt.NDArray[Any]:
    if not isinstance(content, bytes | bytearray) or not isinstance(dtype, _Dtype) or order not in ("C", "F"):
        raise _Refused("an array is not of plain numbers")
    if not isinstance(shape, tuple) or not all(type(side) is int and 0 <= side < 1 << 40 for side in shape):
        raise _Refused("an array's shape is none")
    numbers = dtype.make()
    expected = numbers.itemsize
    for side in shape:
        expected *= side
    if len(shape) > 4 or len(content) != expected:
        raise _Refused("an array's shape does not fit its content")
    return np.frombuffer(content, numbers).reshape(shape, order=order)


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _scalar(dtype: object, content: object) -> Any:
    if isinstance(content, str):
        content = content.encode("latin1")
    return _make_array(content, dtype, (), "C").item()


def _encode(text: object, encoding: object) -> bytes:
    """How protocols 0 to 2 of Python 3 write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refused("text is encoded in a way that is not known")
    return text.encode("latin1")


_NAMES = {
    ("multiarray", "_reconstruct"): _Maker(_reconstruct),
    ("multiarray", "scalar"): _Maker(_scalar),
    ("numeric", "_frombuffer"): _Maker(_make_array),
    ("numpy", "ndarray"): _Name(),
    ("numpy", "dtype"): _Maker(_Dtype),
    ("_codecs", "encode"): _Maker(_encode),
}
_MODULES = {
    "numpy.core.multiarray": "multiarray",
    "numpy._core.multiarray": "multiarray",
    "numpy.core.numeric": "numeric",
    "numpy._core.numeric": "numeric",
    "numpy": "numpy",
    "_codecs": "_codecs",
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if found := _NAMES.get((_MODULES.get(module, ""), name)):
            return found
        raise _Refused(f"names {module}.{name}"[:100])

    def persistent_load(self, pid: object) -> NoReturn:
        raise _Refused("refers to something outside of it")


def _finished(value: Any) -> Any:
    """The value with arrays in the place of what stood for them. Two levels of containers at most: no clip is built deeper."""
    if isinstance(value, dict):
        return {key: _part(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_part(part) for part in value]
    return _part(value)


def _part(value: Any) -> Any:
    if isinstance(value, _Array):
        if value.made is None:
            raise _Refused("an array has no content")
        return value.made
    if isinstance(value, _Sealed):
        raise _Refused("holds a function or a type")
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    if any(isinstance(part, _Sealed | dict | list | tuple) for part in inside):
        raise _Refused("its lists or dictionaries are nested three deep")
    return value
