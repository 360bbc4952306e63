"""Fetching: what registries offer (`index`), and files pinned by hash (`artifacts`), over one HTTP client (`http`).

`registry.RegistryClient` ties these to the user's own configuration; services begin there. Addresses never leave this
package: recipes, locks and errors of the layers above speak of locators (`locators`).
"""
