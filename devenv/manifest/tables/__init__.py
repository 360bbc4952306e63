"""What each table of a manifest may hold: a module a table.

Each takes the table as `document` made it and gives what the model holds; faults go to the checker. `parse` puts the
results together.
"""
