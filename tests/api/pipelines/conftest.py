"""What the tests of pipelines take from the shared platform."""

from tests.api.platform import NEVER, Platform, SqlCounter

__all__ = ["NEVER", "Platform", "SqlCounter"]
