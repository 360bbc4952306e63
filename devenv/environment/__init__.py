"""From a project to its environment: `project` reads it, `locking` answers its manifest, `derive` turns the lock into
derivations, `realize` makes the environment of this machine, `description` is what that says about itself.
"""
