"""Django's registration of the application."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    """Exports of what a project holds."""

    name = "exports"

    def ready(self) -> None:
        """Tell projects what to remove with a project."""
        from exports.deletion import BELONGINGS  # noqa: PLC0415 -- tables are not loaded before
        from projects.deletion import register  # noqa: PLC0415 -- as above

        register(BELONGINGS)
