"""``arus doctor``: what is wrong with an installation, and how each fault is mended."""
