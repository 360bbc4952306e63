"""Activation: changing a shell to a project's environment, and exactly back.

    model        what an environment does to a shell, checked once
    environ      the same on a plain mapping, in and out, for `devenv run` and for children of an active shell
    quoting      one quoter per shell
    scripts      the script that each shell reads, one module a shell
    shells       which shells there are: quoter, script and hook of each
    hook         the hook's text for one user
    saved        `activation.json`: an activation on disk
    state        the tree below the state directory that hooks look into, and the switch of a project to a generation
    answers      what the program tells shells that asked in the background
    watched      the project's files as they were read: bytes, times, digest
    trust        what the user allowed or denied
    shell        the command line of `devenv shell`

`docs/activation.md` says in plain words what is promised. Callers are the services and the command line.
"""
