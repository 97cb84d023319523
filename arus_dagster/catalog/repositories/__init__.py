"""Reading and writing the catalog: a module a noun, functions over a session.

A function takes part in its caller's transaction and never commits. What a caller may have got
wrong is raised as ``NotFoundError``, ``ConflictError`` or ``InvalidInputError``.
"""
