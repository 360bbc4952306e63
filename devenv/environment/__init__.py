"""From a project to its environment.

`project` reads it, `answers` finds what answers its manifest and `locking` makes the lock of that, `derive` turns the
lock into derivations, `machine` tells whom it is for, `realize` makes the environment of this machine, `description` is
what that says about itself.
"""
