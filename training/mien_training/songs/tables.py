"""CSV files that people write: each mistake named by file, line, field and remedy."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from mien_models.errors import DataError


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a CSV file by the names of its columns."""

    path: Path
    line: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """What stands in the column, without the spaces around it.

        Raises:
            DataError: nothing does.

        """
        if text := self.values[column].strip():
            return text
        raise DataError(f"{self.path}, line {self.line}: '{column}' is empty; fill it in, or take the line out")

    def number(self, column: str) -> float:
        """The finite number in the column.

        Raises:
            DataError: it is none.

        """
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DataError(f"{self.path}, line {self.line}: '{column}' is {text!r:.40}, not a finite number; mend it")
        return value


def read_rows(path: Path, columns: tuple[str, ...] = ()) -> list[Row]:
    """The lines of a CSV file that must have at least these columns; lines without anything in them are passed over.

    Raises:
        DataError: the file cannot be read, lacks a column or has one twice, has a line of another length, or has no lines.

    """
    try:
        with path.open(
            encoding="utf-8-sig", newline=""
        ) as stream:  # with or without the mark that spreadsheets put first
            reader = csv.reader(stream, strict=True)
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, columns)
            rows = [_row(path, reader.line_num, header, cells) for cells in reader if any(map(str.strip, cells))]
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; give a CSV file that can be read") from error
    except (UnicodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV in UTF-8 ({error}); give another file") from error
    if not rows:
        raise DataError(f"{path}: has no rows below its header; give a file with some")
    return rows


def _check_header(path: Path, header: list[str], columns: tuple[str, ...]) -> None:
    if not any(header):
        raise DataError(f"{path}: is empty; its first line must name the columns")
    if missing := [name for name in columns if name not in header]:
        raise DataError(f"{path}: column '{missing[0]}' is missing; it needs {', '.join(columns)}")
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise DataError(f"{path}: column '{twice[0]}' is there twice; take one out")


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        raise DataError(f"{path}, line {line}: {len(cells)} fields under {len(header)} columns; mend the line")
    return Row(path, line, dict(zip(header, cells, strict=True)))
