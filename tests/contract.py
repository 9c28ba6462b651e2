"""What mien sends, held against the JSON Schemas that it ships."""

from __future__ import annotations

import functools
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from paho.mqtt.client import MQTTMessage

import mien_device.home

SCHEMAS = Path(mien_device.home.__file__).with_name("schemas")


@cache
@functools.cache
def validator(name: str) -> Draft202012Validator:
    """Of the shipped schema."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def read(schema: dict[str, Any], payload: str) -> Any:
    """The payload as JSON; plain text is what its schema says."""
    if schema.get("type") == "object":
        return json.loads(payload)
    return int(payload) if schema.get("type") == "integer" else payload


def check_messages(messages: list[MQTTMessage], base: str) -> set[str]:
    """See that each message of mien below `base` is in the contract; the topics that there were."""
    seen = set()
    for message in messages:
        topic = message.topic.removeprefix(f"{base}/")
        if not message.topic.startswith(base) or topic.endswith("/set") or topic.startswith(("request/", "snapshot")):
            continue
        name = "response" if topic.startswith("response/") else topic.replace("/", ".")
        check = validator(name)
        check.validate(read(check.schema, message.payload.decode()))
        seen.add(topic)
    return seen
