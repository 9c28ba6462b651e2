"""The MQTT contract as documents: `python -m scripts.mqtt_page` writes docs/mqtt.md and the JSON Schemas.

Tables and examples follow from the records that write and read the messages, the prose between them stands here; a test keeps
them equal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mien_device.home.commands import THINGS
from mien_device.home.contract import EXAMPLES, SCHEMAS, as_text, schemas
from mien_device.home.discovery import STATS_INTERVAL_S
from mien_device.home.inbox import LONGEST_TRANSACTION, MAX_PAYLOAD
from mien_device.home.messages import Message, Response, Snapshot
from mien_device.home.pulse import LIVELY_S
from mien_device.home.session import EVENT_EXPIRY_S, LARGEST_PACKET

PAGE = Path(__file__).parents[1] / "docs" / "mqtt.md"
HEAD = """\
# MQTT: every topic

<!-- Written by `make docs` from device/mien_device/home/; a test keeps it equal. Do not edit it by hand. -->

All topics begin with `mien/<device id>/`; both parts are settings (`mqtt.prefix`, `mqtt.device_id`). The id that is not set is
eight hex digits of a salted hash of the machine's id: the same after every restart, and another on every machine. Home Assistant
needs none of this page: see [home-assistant.md](home-assistant.md).

- **States** are retained, QoS 1, and sent again on every connect.
- **Momentary** messages are not retained, QoS 0, and never queued: they arrive now or never. With MQTT 5 the broker forgets
  them after {expiry} s. None leaves more than {lively:.0f} s into a stall of the broker or the network, to arrive at its end.
- An event comes after the states that it tells of, unless the broker is slow to acknowledge these: whoever acts on `mood_changed`
  finds the new mood on `mood/state`.
- On a connect mien subscribes, then sends its discovery, then every state, and `availability` `online` at last: whoever sees
  `online` finds everything else in place. When it stops it says why (`stopped` in `info`), then `offline`; when it crashes the
  broker says `offline` as its last will. The other states stay at the broker as they were: read them together with
  `availability`, or somebody is in view for ever.
- The JSON Schemas of all messages come with the package, in `mien_device/home/schemas/`. mien may add keys to a message; it
  does not take one away, or change what it means, without a new major version.

## What mien sends

| topic | what | payload | retained | QoS |
|---|---|---|---|---|
"""

COMMANDS = """\
## What mien is told

Publish to `mien/<device id>/<thing>/set`, as plain text, without the retain flag. A retained command is ignored: it would be
carried out again at every restart. With MQTT 3.1.1 the broker does not pass the flag on while mien is connected: there such a
command is carried out when it is sent, and ignored from the next connect on.

| topic | payload | does | echoed on | kept over a restart |
|---|---|---|---|---|
"""

REQUESTS = """\
## Requests

The same things can be asked for with an answer: publish JSON to `mien/<device id>/request/<verb>`, and the answer comes on
`mien/<device id>/response/<verb>`. `value` is the payload of the table above as JSON (a number for `volume` and
for seconds of `seek`, else a string; left out for what takes `PRESS`); `transaction`, a whole number or a text of at most
{transaction} characters, comes back in the answer.

```
mien/a1b2c3d4/request/volume   {{"value": 30, "transaction": 7}}
mien/a1b2c3d4/response/volume  {{"status": "ok", "data": {{"value": 30}}, "transaction": 7}}
mien/a1b2c3d4/request/volume   {{"value": 300, "transaction": 8}}
mien/a1b2c3d4/response/volume  {{"status": "error", "data": {{}}, "error": "'300' is not a whole number from 0 to 100", "transaction": 8}}
```

`ok` says that the command was understood and is on its way; the state that follows from it comes on its own topic. To a setting
that is kept over a restart `ok` is said when it is on the disk, after about a second at most: from then on no power cut undoes
it. Where the disk is full or read-only the answer is an `error` that says so, and the setting holds until the restart.

A state that is echoed says what is so now. That of the camera is written at once, and echoed when it is on the disk; the others
are written within a second, once a second at most, however many come. Whoever must know of them asks with a request.

Three more verbs ask for something: `info` and `stats` answer with what stands on these topics, `announce` sends Home Assistant's
discovery and every state again, once a second at most.

A payload on `<thing>/set` that means nothing is answered on `response/<thing>`, with an `error` and without a transaction. Whatever
comes, of more than {payload} bytes it is not read; with MQTT 5 the broker keeps from mien what has more than {packet} kB. Bad
commands are logged, but not each of a flood.
"""

PROMISES = """\
## Connections

| setting | what |
|---|---|
| `mqtt.protocol` | MQTT 5, and 3.1.1 where the broker does not know it |
| `mqtt.transport` | plain TCP, or `websockets` |
| `mqtt.tls`, `ca_file`, `client_cert_file`, `client_key_file` | TLS, with a certificate of mien's own where the broker wants one |
| `mqtt.password_file`, `MIEN_MQTT_PASSWORD`, systemd credential `mqtt_password` | the password; never in the configuration file |

A lost connection is tried again after one second, then two, four … sixty, each shortened at random by up to a half, so that a
house full of devices does not storm a broker that comes back. Two devices with one id throw each other out; mien notices, says so,
and tries once a minute only.
"""


def page(examples: Sequence[Message]) -> str:
    """The whole page, with these examples."""
    parts = [HEAD.format(expiry=EVENT_EXPIRY_S, lively=LIVELY_S)]
    parts += [_row(type(example)) + "\n" for example in examples]
    parts += ["\n", *(_section(example) + "\n" for example in examples)]
    parts += [COMMANDS, *(_command_row(name) + "\n" for name in THINGS), "\n"]
    parts += [
        REQUESTS.format(transaction=LONGEST_TRANSACTION, payload=MAX_PAYLOAD, packet=LARGEST_PACKET // 1000),
        "\n",
        PROMISES,
    ]
    return "".join(parts)


def _row(kind: type[Message]) -> str:
    what = _words(kind.__doc__).partition(". ")[0].rstrip(".")
    qos, retained = (1, "yes") if kind.retained else (0, "never")
    payload = {"application/json": "JSON", "text/plain": "text", "image/jpeg": "JPEG"}[kind.media_type]
    return f"| `{_cell(kind.topic)}` | {what} | {payload} | {retained} | {qos} |"


def _section(example: Message) -> str:
    kind = type(example)
    lines = [f"### `{kind.topic}`", "", _words(kind.__doc__), ""]
    if kind.topic == "stats":
        lines[2] += f" Every {STATS_INTERVAL_S:.0f} s, and soon after each start and connect."
    if isinstance(example, BaseModel) and kind.media_type == "application/json":
        schema = kind.model_json_schema()  # type: ignore[attr-defined]
        lines += ["| key | type | meaning |", "|---|---|---|"]
        for name, field in schema["properties"].items():
            lines.append(f"| `{name}` | {_type(field, schema)} | {_cell(_words(field.get('description')))} |")
        lines.append("")
    if not isinstance(example, Snapshot):
        payload = example.payload()
        text = (
            json.dumps(json.loads(payload), ensure_ascii=False)
            if kind.media_type == "application/json"
            else str(payload)
        )
        verb = "response/volume" if kind is Response else kind.topic
        lines += ["```", f"mien/a1b2c3d4/{verb}  {text}", "```", ""]
    return "\n".join(lines)


def _command_row(name: str) -> str:
    thing = THINGS[name]
    schema = thing.payload.schema
    if "enum" in schema:
        payload = ", ".join(f"`{word}`" for word in schema["enum"])
    elif "const" in schema:
        payload = f"`{schema['const']}`"
    elif schema.get("type") == "integer":
        payload = f"{schema['minimum']} … {schema['maximum']}"
    elif "maxLength" in schema:
        payload = f"at most {schema['maxLength']} characters, UTF-8"
    else:
        payload = f"such as `{thing.payload.example}`"
    echo = f"`{thing.state.topic}`" if thing.state else ""
    return f"| `{name}/set` | {payload} | {thing.does} | {echo} | {'yes' if thing.kept else ''} |"


def _type(field: dict[str, Any], schema: dict[str, Any]) -> str:
    """In words: what a reader of a table wants to know of a JSON Schema."""
    if "$ref" in field:
        field = schema["$defs"][field["$ref"].rpartition("/")[2]]
    if "anyOf" in field:
        return " or ".join(_type(option, schema) for option in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    kind = {"integer": "whole number", "object": "object", "array": "list"}.get(field["type"], field["type"])
    if "minimum" in field and "maximum" in field:
        return f"{kind}, {field['minimum']:g} … {field['maximum']:g}"
    return str(kind)


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write the page and the schemas; what is no longer part of the contract goes."""
    wanted = schemas()
    SCHEMAS.mkdir(exist_ok=True)
    for path in SCHEMAS.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, schema in wanted.items():
        (SCHEMAS / name).write_text(as_text(schema), encoding="utf-8")
    PAGE.write_text(page(EXAMPLES), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE} and {len(wanted)} schemas to {SCHEMAS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
