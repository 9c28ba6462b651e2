"""Training of the model that listens: valence and arousal of songs from their sound."""
