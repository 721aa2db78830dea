"""Django's registration of the application."""

from django.apps import AppConfig


class ScraperConfig(AppConfig):
    """Scraping jobs and stored posts."""

    name = "scraper"
