"""Django's registration of the application."""

from django.apps import AppConfig


class ContentAnalysisConfig(AppConfig):
    """What people say in posts; nothing of it is stored yet."""

    name = "content_analysis"
