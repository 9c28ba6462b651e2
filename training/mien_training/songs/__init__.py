"""The music systems that mien grew from, rebuilt and judged: a song's mood from a table, a clip's valence from its spectrogram."""
