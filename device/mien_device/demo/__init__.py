"""mien with nothing attached: faces, music and a broker out of the package itself."""
