"""The contract as documents: they say what the code does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError

from mien_device.home.commands import THINGS
from mien_device.home.contract import EXAMPLES, SCHEMAS, as_text, schemas
from mien_device.home.inbox import MAX_PAYLOAD, Inbox
from mien_device.home.messages import Message, Response, Snapshot
from scripts.mqtt_page import PAGE, page
from tests.contract import read, validator

REMEDY = "run `make docs`"


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(EXAMPLES), REMEDY


def test_the_schemas_are_those_of_the_code() -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
    assert shipped == {name: as_text(schema) for name, schema in schemas().items()}, REMEDY


def kinds(kind: type[Message] = Message) -> Iterator[type[Message]]:
    for below in kind.__subclasses__():
        yield from kinds(below)
        if hasattr(below, "topic"):
            yield below


def test_no_message_is_left_out() -> None:
    assert {type(example) for example in EXAMPLES} == set(kinds())


@pytest.mark.parametrize("example", [e for e in EXAMPLES if not isinstance(e, Snapshot)], ids=lambda e: e.topic)
def test_an_example_is_what_its_schema_says(example: Message) -> None:
    check = validator("response" if isinstance(example, Response) else example.topic.replace("/", "."))
    value = read(check.schema, str(example.payload()))
    check.validate(value)
    with pytest.raises(ValidationError):
        check.validate({} if isinstance(value, dict) else "nonsense")


VALUES: st.SearchStrategy[Any] = (
    st.sampled_from(["ON", "OFF", "PRESS", "follow", "off", 0, 100, 101, -1, True])
    | st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=300)
)


@given(
    thing=st.sampled_from(sorted(THINGS)),
    request=st.fixed_dictionaries({}, optional={"value": VALUES, "transaction": VALUES, "valeu": VALUES}),
)
def test_what_is_understood_is_what_the_schema_allows(thing: str, request: dict[str, Any]) -> None:
    answers: list[Response] = []
    Inbox(lambda command: None, lambda verb, answer: answers.append(answer)).receive(
        f"request/{thing}", json.dumps(request).encode(), retained=False
    )
    if answers[0].status == "ok" and "value" in request and request["value"] is not None:
        validator(f"request.{thing}").validate(request)
    elif answers[0].status == "error" and len(json.dumps(request)) <= MAX_PAYLOAD:
        texts = (value for value in request.values() if isinstance(value, str))
        if all(text.isprintable() for text in texts):  # a schema cannot say that
            with pytest.raises(ValidationError):
                validator(f"request.{thing}").validate(request)
