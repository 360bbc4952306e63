"""Package sets: recipes, what they say, and the words in which versions are asked for. Pure: no network, no store."""
