"""What a verb does from beginning to end: the only layer that the command line calls.

Each function takes `Tools` and the verb's arguments and returns a result (`results`). `tools` opens what verbs share,
`enter` leads into an environment, `edit` changes manifest and lock, `trust` allows and denies, `start` makes projects,
`inspect` answers questions.
"""
