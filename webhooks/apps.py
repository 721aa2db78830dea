"""Django's registration of the application."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Endpoints of other systems, and what was delivered to them."""

    name = "webhooks"

    def ready(self) -> None:
        """Tell projects what to remove with a project or an account."""
        from projects.deletion import register  # noqa: PLC0415 -- tables are not loaded before
        from webhooks.deletion import BELONGINGS  # noqa: PLC0415 -- as above

        register(BELONGINGS)
