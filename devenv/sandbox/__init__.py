"""Runs programs that nobody trusts: with a root of their own, without a network, under limits (DESIGN section 4).

`model` says what is to be run, `bubblewrap` turns that into an argument list (pure), `seccomp` into a filter of system
calls (pure), `supervise` runs it and watches over it, `find` finds the program that does it or says why there is none.

The boundary is between a build and its user: a build sees its declared inputs and changes its own directories. It is
as good as the kernel's namespaces; bubblewrap without set-id bits gives nobody rights that he has not got.
"""
