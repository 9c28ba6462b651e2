"""The history over HTTP: charts, tables to save, and the end of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import chain, islice

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mien_device.page import Backstage
from mien_device.page.reading import BadRequest, as_answer

EARLIEST, LATEST = date(2024, 1, 1), date(2199, 12, 31)
"""Days that may be asked for."""
DAYS = (1, 7)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
BLOCK = 500
"""Lines of a table that are sent at once."""


class HistoryApi:
    """What may take a while is done in threads beside the event loop."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage

    async def show(self, request: Request) -> Response:
        days = request.query_params.get("days", "1")
        if days not in {str(each) for each in DAYS}:
            raise BadRequest("days is 1 or 7")
        until = request.query_params.get("until")
        return as_answer(
            await run_in_threadpool(self._backstage.history, int(days), None if until is None else _day(until))
        )

    async def erase(self, request: Request) -> Response:
        return as_answer(await run_in_threadpool(self._backstage.erase_history))

    async def moods(self, request: Request) -> Response:
        return await self._table("moods")

    async def songs(self, request: Request) -> Response:
        return await self._table("songs")

    async def _table(self, kind: str) -> Response:
        blocks = _blocks(self._backstage.history_table(kind))
        first = await run_in_threadpool(next, blocks)  # what is wrong is known before anything is sent
        headers = {"Content-Disposition": f'attachment; filename="mien-{kind}.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(iterate_in_threadpool(chain((first,), blocks)), media_type="text/csv", headers=headers)


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    while block := "".join(islice(lines, BLOCK)):
        yield block


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise BadRequest(f"until is a day such as 2026-01-31, from {EARLIEST} to {LATEST}")
    return day
