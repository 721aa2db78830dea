"""Routes of exports, below /api/."""

from django.urls import path

from exports import streaming_views, views

urlpatterns = [
    path("exports/", views.ExportListView.as_view(), name="exports"),
    path("exports/estimate/", views.EstimateView.as_view(), name="export-estimate"),
    path("exports/formats/", views.FormatListView.as_view(), name="export-formats"),
    path("exports/<int:export_id>/", views.ExportView.as_view(), name="export"),
    path("exports/<int:export_id>/cancel/", views.CancelView.as_view(), name="export-cancel"),
    path(
        "exports/<int:export_id>/download-link/",
        views.DownloadLinkView.as_view(),
        name="export-download-link",
    ),
    path(
        "exports/<int:export_id>/download/",
        streaming_views.export_download,
        name="export-download",
    ),
    path("exports/<int:export_id>/stream/", streaming_views.export_stream, name="export-stream"),
]
