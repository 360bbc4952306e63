"""Trees of files from elsewhere, as streams of nodes: git repositories, directories of this machine.

What they are pinned by and how they become objects in the store is decided above (`devenv.build.trees`).
"""
