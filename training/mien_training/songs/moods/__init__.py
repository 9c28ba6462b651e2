"""A song's mood from ten numbers about it: the earlier system's network, our mended one, and what does best."""
