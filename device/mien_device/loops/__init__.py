"""The threads of the daemon: capture, vision and music, each a loop, and the crew that starts and stops them."""
