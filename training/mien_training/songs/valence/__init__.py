"""How pleasant a clip of music is, from its mel spectrogram: the earlier system's network, its search, and what it is worth."""
