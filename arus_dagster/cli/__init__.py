"""The command line: everything a person runs, from the demo to the rotation of keys."""
