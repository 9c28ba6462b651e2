"""Pickled clips: plain ones of every protocol are read, and nothing that a file says is ever run."""

from __future__ import annotations

import contextlib
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien_models.errors import DataError
from mien_training.songs.valence.pickles import read_pickle


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_pickle(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "save the clip as .npz" in line
    assert "\n" not in line
    return line


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<i2", ">i2", "|u1", "<f2", "|b1"])
def test_reads_arrays_of_every_protocol(tmp_path: Path, protocol: int, dtype: str) -> None:
    values = np.arange(24).reshape(2, 12).astype(dtype)
    clip = {"audio": values, "turned": np.asfortranarray(values), "rate": 16000, "scalar": values[1, 3], "name": "däm"}
    path = tmp_path / "clip.pkl"
    path.write_bytes(pickle.dumps(clip, protocol))

    read = read_pickle(path)

    assert list(read) == list(clip)
    for name in ("audio", "turned"):
        np.testing.assert_array_equal(read[name], values)
    assert read["scalar"] == values[1, 3]
    assert (read["rate"], read["name"]) == (16000, "däm")


def test_reads_lists_and_bare_arrays(tmp_path: Path) -> None:
    path = tmp_path / "clip.pkl"
    path.write_bytes(pickle.dumps([0.5, -0.25, 3]))
    assert read_pickle(path) == [0.5, -0.25, 3]
    path.write_bytes(pickle.dumps(np.array([1.5, 2.5])))
    np.testing.assert_array_equal(read_pickle(path), [1.5, 2.5])


class Calls:
    """Pickles into a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_runs_nothing(tmp_path: Path, protocol: int) -> None:
    import os
    import subprocess

    mark = tmp_path / "mark"
    for call in (
        Calls(os.system, f"touch {mark}"),
        Calls(subprocess.check_output, ["touch", str(mark)]),
        Calls(eval, f"open({str(mark)!r}, 'w')"),
        Calls(exec, f"open({str(mark)!r}, 'w')"),
        Calls(open, str(mark), "w"),
        Calls(getattr, "x", "upper"),
        Calls(np.load, str(mark), None, True),
        Calls(np.memmap, str(mark), "u1", "w+", 0, (4,)),
        Calls(np.fromfile, str(mark)),
        Calls(pickle.loads, b"N."),
    ):
        for content in (call, {"audio": call}, [np.zeros(3), call]):
            assert "names " in refused(tmp_path / "clip.pkl", pickle.dumps(content, protocol))
    assert not mark.exists()


ARRAY = "numpy._core.multiarray"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "load"),
        ("numpy", "ndarray.tofile"),
        ("numpy", "dtype.__init__"),
        ("numpy", "__builtins__"),
        (f"{ARRAY}", "_reconstruct.__globals__"),
        (f"{ARRAY}", "fromfile"),
        ("numpy.core", "multiarray"),
        ("_codecs", "decode"),
        ("builtins", "getattr"),
        ("copyreg", "_reconstructor"),
        ("mien_training.runs", "write_bytes"),
    ],
)
def test_names_nothing_but_arrays(tmp_path: Path, module: str, name: str) -> None:
    short = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, name))
    assert f"names {module}.{name}" in refused(tmp_path / "clip.pkl", b"\x80\x04" + short + b"\x93.")


def array_with(state: bytes, *, dtype: bytes = b"f8") -> bytes:
    """A pickle of an array whose type has this state; the content is eight bytes that look like an address."""
    start = b"\x80\x02cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
    named = b"cnumpy\ndtype\nX" + struct.pack("<I", len(dtype)) + dtype + b"\x89\x88\x87R"
    return start + b"(K\x01K\x01\x85" + named + state + b"\x89C\x08AAAAAAAAtb."


GOOD = b"(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


def test_arrays_cannot_lie_about_their_memory(tmp_path: Path) -> None:
    """numpy believes a type's state: an array of objects whose flags are cleared would take eight bytes for an address."""
    path = tmp_path / "clip.pkl"
    path.write_bytes(array_with(GOOD))
    assert read_pickle(path).shape == (1,)  # so the attacks below fail for what they say, not for how they are written

    assert "not of plain numbers" in refused(path, array_with(GOOD, dtype=b"O8"))
    assert "not of plain numbers" in refused(path, array_with(GOOD, dtype=b"V8"))
    assert "not of plain numbers" in refused(path, array_with(GOOD, dtype=b"O8,f8"))
    assert "not of plain numbers" in refused(path, array_with(GOOD, dtype=b"(1000000,)f8"))
    subarray = GOOD.replace(b"<NNN", b"<X\x02\x00\x00\x00O8NN")
    assert "records" in refused(path, array_with(subarray))
    assert "not known" in refused(path, array_with(GOOD.replace(b"<", b"?")))
    assert "shape does not fit" in refused(path, array_with(GOOD).replace(b"K\x01\x85c", b"K\x09\x85c"))
    assert "shape is none" in refused(path, array_with(GOOD).replace(b"K\x01\x85c", b"J\xff\xff\xff\xff\x85c"))


def test_objects_in_arrays_are_refused(tmp_path: Path) -> None:
    for values in (
        np.array([{}, None], dtype=object),
        np.zeros(2, [("a", "f4")]),
        np.array(["text"]),
        np.zeros(2, "c8"),
    ):
        assert "not of plain numbers" in refused(tmp_path / "clip.pkl", pickle.dumps({"audio": values}))


def test_what_may_be_named_cannot_be_changed(tmp_path: Path) -> None:
    """BUILD on a function sets its attributes, its default arguments among them."""
    state = b"N}X\x0c\x00\x00\x00__defaults__K\x01\x85s\x86b."
    for name in (b"numpy._core.multiarray\n_reconstruct", b"numpy\nndarray", b"numpy\ndtype", b"_codecs\nencode"):
        assert "nothing may be set" in refused(tmp_path / "clip.pkl", b"\x80\x02c" + name + b"\n" + state)
        assert "function or a type" in refused(tmp_path / "clip.pkl", b"\x80\x02c" + name + b"\n.")
    unfinished = b"\x80\x02cnumpy._core.multiarray\n_reconstruct\n)R."
    assert "no content" in refused(tmp_path / "clip.pkl", unfinished)


def test_takes_no_memory_on_a_files_word(tmp_path: Path) -> None:
    path = tmp_path / "clip.pkl"
    for huge in (
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".",  # a bytearray of a terabyte
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b".",
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"N.",
        b"\x80\x02Nr" + struct.pack("<I", 0xFFFFFFFE) + b".",  # the memo's four-billionth place: 64 GB in C
        b"Np99999999999\n.",
        b"\x80\x02\x8b" + struct.pack("<i", 1 << 20) + b"\x01" * (1 << 20) + b".",  # a number of a million bytes
        b"I" + b"9" * 4000 + b"\n.",
    ):
        refused(path, huge)


@pytest.mark.parametrize(
    "content", [b"", b".", b"\x80\x04", b"hello", b"\x80\x04]", b"PK\x03\x04", b"\x80\xff.", b"(" * 100_000 + b"."]
)
def test_damaged(tmp_path: Path, content: bytes) -> None:
    refused(tmp_path / "clip.pkl", content)


def test_outside_references_and_old_classes(tmp_path: Path) -> None:
    for content in (b"\x80\x02Pthing\n.", b"\x80\x02NQ.", b"(ios\nsystem\n.", b"\x80\x02\x82\x01.", b"\x80\x04)\x81."):
        assert "is not allowed" in refused(tmp_path / "clip.pkl", content)


def test_nothing_hides_in_the_depth(tmp_path: Path) -> None:
    path = tmp_path / "clip.pkl"
    for nested in ([[np.zeros(2)]], {"a": {"b": np.zeros(2)}}, {"a": [[0.5]]}, ([np.zeros(1)],)):
        assert "nested" in refused(path, pickle.dumps(nested))
    path.write_bytes(pickle.dumps({"audio": [[0.5], [0.25]][0], "more": {"valence": 2}}))
    assert read_pickle(path) == {"audio": [0.5], "more": {"valence": 2}}
    endless: list[Any] = []
    endless.append(endless)
    assert "nested" in refused(path, pickle.dumps(endless))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_pickle(tmp_path / "none.pkl")


CLIP = pickle.dumps({"audio": np.arange(50, dtype="f4"), "rate": 8000}, 4)


@given(at=st.integers(0, len(CLIP) - 1), garbage=st.binary(min_size=0, max_size=12), removed=st.integers(0, 12))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_spoilt_clips_are_read_or_refused(tmp_path: Path, at: int, garbage: bytes, removed: int) -> None:
    path = tmp_path / "clip.pkl"
    path.write_bytes(CLIP[:at] + garbage + CLIP[at + removed :])
    with contextlib.suppress(DataError):
        plain(read_pickle(path))


def plain(value: Any) -> None:
    if isinstance(value, dict):
        for part in (*value, *value.values()):
            plain(part)
    elif isinstance(value, list | tuple):
        for part in value:
            plain(part)
    elif isinstance(value, np.ndarray):
        numbers: npt.NDArray[Any] = value
        assert numbers.dtype.kind in "iufb"
    else:
        assert value is None or isinstance(value, str | bytes | bytearray | int | float)
