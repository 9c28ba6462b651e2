"""Looking after a device: backups of what cannot be made again, and bundles for a report of a fault."""
