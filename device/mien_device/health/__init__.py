"""Being a good service: telling systemd that the loop is alive, what the board suffers from, and figures for Prometheus."""
