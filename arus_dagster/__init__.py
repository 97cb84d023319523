"""Arus: sources, warehouse, catalog, engine and the Dagster definitions made from them."""

__version__ = "0.1.0"
