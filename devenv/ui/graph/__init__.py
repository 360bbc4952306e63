"""An environment as a drawing: for Graphviz, and as a page that a browser shows."""
