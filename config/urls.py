"""Routes of the installation."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from config import health
from config.dashboard import dashboard

handler400 = "config.responses.bad_request"
handler403 = "config.responses.permission_denied"
handler404 = "config.responses.page_not_found"
handler500 = "config.responses.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    # First: an open stream keeps the list of the routes that were tried before its own.
    path("api/", include("scraper.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("django-admin/", admin.site.urls),
    path("api/schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(template_name="projects/api_docs.html"),
        name="docs",
    ),
    path("api/", include("exports.urls")),
    path("api/", include("projects.urls")),
    path("api/webhooks/", include("webhooks.urls")),
    re_path(r"^(?!api/|static/|django-admin/).*$", dashboard, name="dashboard"),
]
