"""Being a good service: telling systemd that the loop is alive."""
