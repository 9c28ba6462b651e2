"""The API's own description, OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0), made of what the daemon says that it shows and takes."""

from __future__ import annotations

from collections.abc import Mapping

from mien_device.page import Backstage, Described, Json
from mien_device.page.live import LARGEST_NUMBER
from mien_device.page.openapi_history import HISTORY, PARAMETERS, TABLE
from mien_device.page.setup import OPERATIONS
from mien_models import __version__
from mien_models.listening import SongMood

_JSON = "application/json"


def document(backstage: Backstage) -> dict[str, Json]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mien",
            "version": __version__,
            "summary": "What mien shows on its local page, and what may be asked of it there.",
            "description": (
                "From the device itself nothing else is needed; other devices send the token as a bearer. A request that "
                "changes something is application/json. Topics and commands are those of MQTT, see docs/mqtt.md; those that "
                "begin with page/ are the page's own."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _definitions(backstage) | {"Problem": _PROBLEM},
        },
        "paths": {
            "/api/state": {"get": _get("state", "All that is known now, by topic.", _ok(_states(backstage)))},
            "/api/events": {"get": _get("events", _EVENTS, _stream())},
            "/api/covers/{key}": {"get": _cover()},
            "/api/live": {"get": _live()},
            "/api/history": {
                "get": _get("history", "What was seen and heard.", _history(_ok(_done(HISTORY))), PARAMETERS),
                "delete": _get(
                    "erase_history", "Forget all of it, for good.", _history(_ok(_done({"type": "object"})))
                ),
            },
            "/api/history/moods.csv": {
                "get": _get("history_moods", "Every minute in which somebody was seen.", _TABLE)
            },
            "/api/history/songs.csv": {"get": _get("history_songs", "Every song that was heard.", _TABLE)},
            "/api/songs": {"get": _get("songs", "All songs of the library that are there.", _ok(_done(_SONGS)))},
            "/api/songs/{song}/place": {
                "put": _say("place", "A person says where the song lies.", _PLACE),
                "delete": _say("displace", "Forget what a person said: back to where mien hears it.", None),
            },
            "/api/songs/{song}/liked": {"put": _say("like", "A person likes the song, or does not.", _LIKED)},
            **{path: {call: _to_set_up(name, words, body)} for path, (call, name, words, body) in OPERATIONS.items()},
            **{f"/api/commands/{thing.name}": {"post": _command(thing)} for thing in backstage.things},
        },
    }


_PROBLEM = {
    "type": "object",
    "properties": {"status": {"const": "error"}, "error": {"type": "string", "description": "Why, in one sentence."}},
    "required": ["status", "error"],
}
_EVENTS = (
    "Server-sent events: first the device's clock (now), then all that is known, then what comes. The data of each is an object "
    "with topic, value, and at, its second on that clock; moment is true for what happened and is not the state of anything. "
    "A viewer who is slow gets the newest of each topic, not all of them."
)


def _states(backstage: Backstage) -> dict[str, Json]:
    seconds = {"type": "number", "description": "Seconds of this device's clock, which does not go back."}
    topics = {
        state.name: {
            "type": "object",
            "description": state.words,
            "properties": {"at": seconds, "value": _within(state.schema)},
            "required": ["at", "value"],
        }
        for state in backstage.states
    }
    return {
        "type": "object",
        "properties": {"now": seconds, "topics": {"type": "object", "properties": topics}},
        "required": ["now", "topics"],
    }


def _within(schema: Mapping[str, Json]) -> dict[str, Json]:
    """A schema as it may stand inside the document: what it defines lies among the components."""
    return {key: _moved(value) for key, value in schema.items() if key not in {"$schema", "$defs"}}


def _moved(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _moved(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each) for each in value]
    return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value


def _definitions(backstage: Backstage) -> dict[str, Json]:
    """What the schemas of the topics define, by name; the same name is the same thing everywhere."""
    return {name: _moved(each) for state in backstage.states for name, each in state.schema.get("$defs", {}).items()}


def _get(name: str, words: str, answers: dict[str, Json], parameters: list[Json] | None = None) -> dict[str, Json]:
    return {"operationId": name, "summary": words, "parameters": parameters or [], "responses": _refused() | answers}


def _cover() -> dict[str, Json]:
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Of a track."}
    picture = {"description": "A picture.", "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
    words = "The cover of a track, or a drawn one where it has none."
    return _get("cover", words, {"200": picture, "404": _problem("There is no such track.")}, [key])


_AXIS = {"type": "number", "minimum": -1, "maximum": 1}
_PLACE = {
    "type": "object",
    "properties": {"valence": _AXIS, "arousal": _AXIS},
    "required": ["valence", "arousal"],
    "additionalProperties": False,
}
_LIKED = {
    "type": "object",
    "properties": {"liked": {"type": "boolean"}},
    "required": ["liked"],
    "additionalProperties": False,
}
_SONG = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        **{name: {"type": "string"} for name in ("title", "artist", "album")},
        "duration_s": {"type": ["number", "null"]},
        "mood": {"enum": [*SongMood, None]},
        "place": {"type": ["object", "null"], "description": "Valence and arousal with their standard deviations."},
        "corrected": {"type": "boolean", "description": "Whether a person said where it lies."},
        "liked": {"type": ["boolean", "null"]},
    },
}
_SONGS = {"type": "object", "properties": {"songs": {"type": "array", "items": _SONG}}, "required": ["songs"]}


def _done(data: Json) -> dict[str, Json]:
    return {"type": "object", "properties": {"status": {"const": "ok"}, "data": data}, "required": ["status", "data"]}


def _say(name: str, words: str, body: Json | None) -> dict[str, Json]:
    song = {"name": "song", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Its id."}
    answers = {
        "400": _problem("It means nothing."),
        "404": _problem("There is no such song."),
        "415": {"description": "The request is not application/json.", "content": _TEXT},
        "507": _problem("The library cannot be written."),
    }
    operation = _get(name, words, _ok(_done(_SONG), "The song as it is now.") | answers, [song])
    return operation | (
        {} if body is None else {"requestBody": {"required": True, "content": {_JSON: {"schema": body}}}}
    )


def _history(answers: dict[str, Json]) -> dict[str, Json]:
    return answers | {
        "400": _problem("That is no day, or not so many."),
        "415": {"description": "The request is not application/json.", "content": _TEXT},
        "507": _problem("The disk does not do it."),
    }


def _live() -> dict[str, Json]:
    number = {"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER - 1, "default": 0}
    after = {
        "name": "after",
        "in": "query",
        "schema": number,
        "description": "Number of the picture that was seen last.",
    }
    found = {
        "type": "object",
        "description": "Size, rate, times in milliseconds, and every face with box and probabilities.",
    }
    parts = {"found": found, "picture": {"type": "string", "contentMediaType": "image/jpeg"}}
    picture = {"schema": {"type": "object", "properties": parts}}
    return _get(
        "live",
        "The next picture of the camera with what was found in it, and as crop-ID what the network was shown of each face.",
        {
            "200": {"description": "A new picture.", "content": {"multipart/form-data": picture}},
            "204": {"description": "There is none, for some seconds."},
            "400": _problem("That is no number."),
            "403": {"description": "page.live does not allow it.", "content": _TEXT | _problem("")["content"]},
            "429": _problem("Too many look already."),
        },
        [after],
    )


def _to_set_up(name: str, words: str, body: Mapping[str, Json] | None) -> dict[str, Json]:
    operation = _get(name, words, _ok(_done({"type": "object"})))
    if body is None:
        return operation
    operation["responses"] |= {
        "400": _problem("It means nothing."),
        "415": {"description": "The request is not application/json.", "content": _TEXT},
        "429": _problem("Somebody asked for it already."),
    }
    schema = dict(body) or {"type": "object", "additionalProperties": False}
    return operation | {"requestBody": {"required": bool(body), "content": {_JSON: {"schema": schema}}}}


def _command(thing: Described) -> dict[str, Json]:
    needs_value = "const" not in thing.schema
    body = {
        "type": "object",
        "properties": {"value": dict(thing.schema)},
        "required": ["value"] if needs_value else [],
        "additionalProperties": False,
    }
    return {
        "operationId": f"command_{thing.name}",
        "summary": thing.words,
        "requestBody": {"required": needs_value, "content": {_JSON: {"schema": body}}},
        "responses": _refused()
        | _ok(_done({"type": "object"}), "Understood and on its way; what follows from it comes as an event.")
        | {"400": _problem("It means nothing, or cannot be done."), "507": _problem("Done, but it could not be saved.")}
        | {"415": {"description": "The request is not application/json.", "content": _TEXT}},
    }


_TEXT = {"text/plain": {"schema": {"type": "string"}}}


def _ok(schema: Json, words: str = "Here it is.") -> dict[str, Json]:
    return {"200": {"description": words, "content": {_JSON: {"schema": schema}}}}


def _stream() -> dict[str, Json]:
    return {
        "200": {
            "description": "A stream without end.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }


def _problem(words: str) -> dict[str, Json]:
    return {"description": words, "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _refused() -> dict[str, Json]:
    return {
        "401": {"description": "The token is missing.", "content": {"text/html": {"schema": {"type": "string"}}}},
        "403": {"description": "Another name, another site, or a wrong token.", "content": _TEXT},
    }


_TABLE = {
    "200": {"description": "A table; a line each, oldest first.", "content": TABLE},
    "507": _problem("It cannot be read."),
}
