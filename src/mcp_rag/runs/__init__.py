"""A command's runs: in which surroundings each happened, and what changed since it last passed.

::

    surroundings  what a run is remembered by: commit, lock files, installed versions, chosen variables
    repository    what git says of the folder, and which files differ between two runs
    interpreters  the Python that a command uses, and what is installed in it
    variables     which environment variables may be remembered
    changes       two surroundings → what differs, the suspects first
    history       the last good and the last failed run of each command, a file each
"""
