"""The store: immutable objects under content addresses, and the realisations that lead to them.

`address` computes what an object is called, `self_references` writes that into it, `tree` writes and reads file trees,
`check` compares content and name, `database` remembers what is valid, `store` puts them together: the only module that
others need.
"""
