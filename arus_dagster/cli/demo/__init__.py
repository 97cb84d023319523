"""The demo: a small shop whose tables are synced through the REST API alone."""
