"""Inputs as trees of nodes, where that takes more than fetching: archives are unpacked."""
