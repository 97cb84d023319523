"""The REST facade: HTTP, authentication and envelopes over the catalog and Dagster."""
