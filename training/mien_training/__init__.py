"""Training of mien's networks on a host: emotion, faces and music, and the earlier systems beside them."""
