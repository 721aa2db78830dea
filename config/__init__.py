"""Composition of the installation: settings, routes, processes. Nobody imports it."""

# Made before any task module is imported, so that every process sends through this application.
from config.celery import app as celery_app

__all__ = ["celery_app"]
