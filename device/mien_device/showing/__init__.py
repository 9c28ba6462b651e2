"""The daemon as the page sees it: what is shown, and how what is asked for there is carried out.

Joins the parts: `moods.py` and `playing.py` tell of what the loops do, `asking.py` takes commands, `songs.py` knows the library,
`history.py` the past.
"""
