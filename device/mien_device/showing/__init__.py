"""The daemon as the page sees it: what is shown, and how what is asked for there is carried out.

`stage.py` joins the parts: `moods.py` and `playing.py` tell of what the loops do, `live.py` and `framing.py` show what the
camera sees, `asking.py` takes commands, `songs.py` knows the library, `history.py` the past, `setup.py` and `nearby.py` set mien up.
"""
