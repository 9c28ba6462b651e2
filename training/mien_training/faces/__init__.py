"""The face finder: composed scenes, a network of some 250 kB, and how well it finds."""
