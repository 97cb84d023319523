"""Transform scripts, run in a process of their own.

``process`` and ``check`` are the parent's side; ``worker`` and what it imports run in the child and
use the standard library alone, because the child is started without site-packages.
"""
