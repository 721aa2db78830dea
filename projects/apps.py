"""Django's registration of the application."""

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Projects, accounts, event log, run lifecycle."""

    name = "projects"
