"""Reading CSV files that may be compressed, cut short or something else altogether, with errors that name the line."""

from __future__ import annotations

import contextlib
import csv
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mien_models.errors import DataError


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    elif path.suffix == ".xz":
        with lzma.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    else:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield stream


def csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a CSV file (plain, .gz or .xz) with its line number, as text by column name.

    Raises:
        DataError: the file is missing, damaged or cut short, has not these columns, or a row of another length.

    """
    line = 0
    try:
        with _opened(path) as stream:
            reader = csv.reader(stream)
            header = [name.strip() for name in next(reader, [])]
            if missing := [column for column in columns if column not in header]:
                raise DataError(
                    f"{path}, line 1: no column {', '.join(missing)}; expected {','.join(columns)}, as published"
                )
            for row in reader:
                line = reader.line_num
                if not row:  # a blank line
                    continue
                if len(row) != len(header):
                    raise DataError(
                        f"{path}, line {line}: {len(row)} fields where the header has {len(header)} "
                        "(file cut short?); download or copy the file again"
                    )
                yield line, dict(zip(header, row, strict=True))
    except (OSError, EOFError, lzma.LZMAError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise DataError(_explain(path, line, error)) from error


def _explain(path: Path, line: int, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path}: no such file; give the path of the data set (README: where it comes from)"
    if isinstance(error, OSError) and error.strerror:
        return f"{path}: {error.strerror}"
    if isinstance(error, EOFError):
        return f"{path}: ends after line {line} in the middle of its compressed data; download or copy the file again"
    return f"{path}, after line {line}: damaged or no CSV file ({error}); download or copy the file again"
