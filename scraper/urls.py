"""Routes of scraping, below /api/."""

from django.urls import path

from scraper import streaming_views, views

urlpatterns = [
    path("scraper/jobs/<int:job_id>/stream/", streaming_views.job_stream, name="job-stream"),
    path("scraper/jobs/", views.JobListView.as_view(), name="jobs"),
    path("scraper/jobs/counts/", views.JobCountsView.as_view(), name="job-counts"),
    path("scraper/jobs/<int:job_id>/", views.JobView.as_view(), name="job"),
    path("scraper/jobs/<int:job_id>/cancel/", views.CancelView.as_view(), name="job-cancel"),
    path("scraper/jobs/<int:job_id>/retry/", views.RetryView.as_view(), name="job-retry"),
    path("scraper/jobs/<int:job_id>/events/", views.EventListView.as_view(), name="job-events"),
    path("scraper/jobs/<int:job_id>/posts/", views.JobPostListView.as_view(), name="job-posts"),
    path("scraper/backends/", views.BackendListView.as_view(), name="backends"),
    path("scraper/backends/<str:name>/test/", views.BackendTestView.as_view(), name="backend-test"),
    path("projects/<int:project_id>/posts/", views.PostListView.as_view(), name="posts"),
    path("projects/<int:project_id>/posts/<str:fullname>/", views.PostView.as_view(), name="post"),
    path(
        "projects/<int:project_id>/posts/<str:fullname>/comments/",
        views.CommentListView.as_view(),
        name="comments",
    ),
    path(
        "projects/<int:project_id>/posts/<str:fullname>/metrics/",
        views.MetricListView.as_view(),
        name="metrics",
    ),
    path(
        "projects/<int:project_id>/overview/", views.OverviewView.as_view(), name="project-overview"
    ),
]
