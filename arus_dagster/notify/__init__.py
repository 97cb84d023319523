"""Notifications: what of a run is worth telling, to whom, and how it gets there.

``events`` puts messages on their way, ``delivery`` sends what is due, a module a channel knows a
channel's form. Nothing here may make a run fail.
"""
