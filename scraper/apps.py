"""Django's registration of the application."""

from django.apps import AppConfig


class ScraperConfig(AppConfig):
    """Scraping jobs and stored posts."""

    name = "scraper"

    def ready(self) -> None:
        """Tell projects what to remove with a project."""
        from projects.deletion import register  # noqa: PLC0415 -- tables are not loaded before
        from scraper.deletion import BELONGINGS  # noqa: PLC0415 -- as above

        register(BELONGINGS)
