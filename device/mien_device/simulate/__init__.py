"""`mien simulate`: the very daemon, in a world in which things break as a file says."""
