"""Composition of the installation: settings, routes, processes. Nobody imports it."""
