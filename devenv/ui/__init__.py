"""What a person or a program sees: the only place that draws, colours and prints.

`terminal` knows what the streams can do, `progress` draws events, `text` and `envelope` spell results, `failure`
errors.
"""
