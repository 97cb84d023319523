"""All configuration as one file: what it may say, how it is made, and how it is applied."""
