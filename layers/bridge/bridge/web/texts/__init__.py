"""The texts of the pages for a person, a module for each language."""
