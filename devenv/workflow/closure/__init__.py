"""What an environment consists of by its lock, where each part comes from, and how big it is."""
