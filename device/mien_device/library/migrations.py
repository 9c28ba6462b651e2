"""The tables of the library, by version; `tables.py` brings an older library up to date."""

from __future__ import annotations

_FIRST = """
CREATE TABLE track (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,      -- of the audio without tags, see audio_hash.py
    added REAL NOT NULL             -- all times are seconds since 1970, UTC
);
CREATE TABLE file (                 -- this audio was seen at this path
    id INTEGER PRIMARY KEY,
    track INTEGER NOT NULL REFERENCES track,
    path BLOB NOT NULL,             -- as the file system spells it, which need not be UTF-8
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,         -- 0 on file systems that make numbers up, see walk.py
    device INTEGER NOT NULL,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    album TEXT NOT NULL,
    duration_s REAL,                -- by its headers
    art TEXT,                       -- hash of the embedded cover
    gone REAL                       -- since when it is not there any more
);
CREATE INDEX file_of_track ON file (track);
CREATE UNIQUE INDEX file_there ON file (path) WHERE gone IS NULL;
CREATE TABLE cover (                -- a picture in a folder, for all songs in it
    folder BLOB PRIMARY KEY,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    art TEXT NOT NULL
);
CREATE TABLE art (
    hash TEXT PRIMARY KEY,
    mime TEXT NOT NULL,
    size INTEGER NOT NULL
);
CREATE TABLE broken (               -- left alone until size or time change
    path BLOB PRIMARY KEY,
    size INTEGER NOT NULL,          -- -1: looked at again by every scan
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE analysis (
    track INTEGER PRIMARY KEY REFERENCES track,
    version TEXT NOT NULL,
    at REAL NOT NULL,
    duration_s REAL NOT NULL,
    loudness_lufs REAL NOT NULL,
    true_peak_dbtp REAL NOT NULL,
    cue_in_s REAL NOT NULL,
    cue_out_s REAL NOT NULL,
    tempo_bpm REAL,
    key TEXT,
    valence REAL NOT NULL,
    valence_sd REAL NOT NULL,
    arousal REAL NOT NULL,
    arousal_sd REAL NOT NULL,
    mood TEXT NOT NULL,
    features BLOB NOT NULL          -- float32, little-endian
);
CREATE TABLE unheard (              -- tracks that could not be listened to
    track INTEGER PRIMARY KEY REFERENCES track,
    version TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE correction (
    track INTEGER PRIMARY KEY REFERENCES track,
    valence REAL NOT NULL,
    arousal REAL NOT NULL,
    sd REAL NOT NULL,
    mood TEXT NOT NULL,
    source TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE play (
    id INTEGER PRIMARY KEY,
    track INTEGER NOT NULL REFERENCES track,
    started REAL NOT NULL,
    mood TEXT NOT NULL,
    mode TEXT NOT NULL,
    position_s REAL NOT NULL,
    length_s REAL NOT NULL,
    ending TEXT NOT NULL,
    why TEXT NOT NULL,
    valence REAL, valence_sd REAL, arousal REAL, arousal_sd REAL, faces INTEGER, -- the viewer's, when it was chosen
    after_valence REAL, after_valence_sd REAL, after_arousal REAL, after_arousal_sd REAL, after_faces INTEGER
);
CREATE INDEX play_of_track ON play (track);
CREATE TABLE liking (
    id INTEGER PRIMARY KEY,
    track INTEGER NOT NULL REFERENCES track,
    at REAL NOT NULL,
    liked INTEGER NOT NULL,
    mood TEXT NOT NULL,
    valence REAL, valence_sd REAL, arousal REAL, arousal_sd REAL, faces INTEGER
);
CREATE INDEX liking_of_track ON liking (track);
CREATE TABLE link (                 -- addresses that a song table gave, kept for its export
    track INTEGER PRIMARY KEY REFERENCES track,
    audio TEXT NOT NULL,
    cover TEXT NOT NULL
);
"""

MIGRATIONS = (_FIRST,)
"""The script at place n leads from version n to n + 1. A script that was released is never changed."""
