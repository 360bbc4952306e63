"""The scripts of a generation: an activation spelt for each shell, one module a shell.

What a script may call is defined in the hook of its shell (`shell_hooks/hook.<shell>`), its counterpart.
"""
