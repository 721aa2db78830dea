"""Finds out what people say in the posts of a project."""
