"""What the API says of the history, for its own description."""

from __future__ import annotations

from mien_device.config.schema import MusicMode
from mien_device.page import Json
from mien_device.page.history import DAYS
from mien_models.labels import Emotion

_DAY = {"type": "string", "format": "date"}
_PLACE = {"type": ["number", "null"], "minimum": -1, "maximum": 1}
_FIGURES: dict[str, Json] = {
    "seen_s": {"type": "number", "minimum": 0, "description": "Somebody was in view for so long, seconds."},
    "moods": {
        "type": "object",
        "description": "Seconds of each mood that was seen; less than seen_s together where faces could not be read.",
        "properties": {emotion.value: {"type": "number", "minimum": 0} for emotion in Emotion},
        "additionalProperties": False,
    },
    "valence": _PLACE | {"description": "Mean over the time in which there was a mood."},
    "arousal": _PLACE,
    "people": {"type": "integer", "minimum": 0, "description": "The most that were in view at once."},
}
_COUNTS: dict[str, Json] = {
    "plays": {"type": "integer", "description": "With faces before and after."},
    "rose": {"type": "integer", "description": "After so many of these valence was higher than before."},
    "change": {"type": "number", "description": "Mean change of valence."},
}
_MODE = {"type": "string", "enum": list(MusicMode)}
_WORDS: dict[str, Json] = {"title": {"type": "string"}, "artist": {"type": "string"}}


def _record(properties: dict[str, Json]) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list(properties: dict[str, Json]) -> Json:
    return {"type": "array", "items": _record(properties)}


HISTORY = _record(
    {
        "on": {"type": "boolean", "description": "Whether anything is noted (history.enabled)."},
        "keeps_days": {"type": "integer", "description": "What is older is forgotten (history.days)."},
        "today": {"type": ["string", "null"], "format": "date", "description": "Null while the clock is not set."},
        "first": {"type": ["string", "null"], "format": "date", "description": "The oldest day of all."},
        "from": _DAY,
        "until": _DAY,
        "slot_minutes": {"type": "integer"},
        "slots": _list(
            {
                "day": _DAY,
                "minute": {"type": "integer", "minimum": 0, "description": "Of the day, by this device's wall clock."},
                **_FIGURES,
            }
        )
        | {"description": "Those in which somebody was seen, oldest first."},
        "total": _record(_FIGURES),
        "played": _list(
            {
                "at": {"type": "string", "format": "date-time"},
                **_WORDS,
                "mode": _MODE,
                "heard_s": {"type": "integer"},
                "change": {"type": ["number", "null"], "description": "Of valence; null where too little was seen."},
            }
        )
        | {"description": "Newest first, the newest 200."},
        "songs": {"type": "integer", "description": "How many played."},
        "helped": _record(
            {
                "measured": {"type": "integer", "description": "Plays of all days with faces before and after."},
                "least": {"type": "integer", "description": "From fewer plays of a song nothing is said."},
                "change": {"type": ["number", "null"], "description": "Mean change of valence over all of them."},
                "songs": _list({**_WORDS, **_COUNTS}),
                "modes": _list({"mode": _MODE, **_COUNTS}),
            }
        ),
    }
)
PARAMETERS: list[Json] = [
    {
        "name": "days",
        "in": "query",
        "schema": {"type": "integer", "enum": list(DAYS), "default": 1},
        "description": "A day or a week.",
    },
    {"name": "until", "in": "query", "schema": _DAY, "description": "The last of them; left out: today."},
]
TABLE: Json = {"text/csv": {"schema": {"type": "string"}}}
