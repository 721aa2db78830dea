"""Routes of webhooks, below /api/webhooks/."""

from django.urls import path

from webhooks.views import catalogue, checkup, deliveries, endpoints

_ENDPOINT = "endpoints/<int:endpoint_id>/"

urlpatterns = [
    path("endpoints/", endpoints.EndpointListView.as_view(), name="endpoints"),
    path(_ENDPOINT, endpoints.EndpointView.as_view(), name="endpoint"),
    path(f"{_ENDPOINT}enable/", endpoints.EnableView.as_view(), name="endpoint-enable"),
    path(
        f"{_ENDPOINT}rotate-secret/", endpoints.RotateSecretView.as_view(), name="endpoint-rotate"
    ),
    path(f"{_ENDPOINT}test/", endpoints.TestView.as_view(), name="endpoint-test"),
    path(f"{_ENDPOINT}activity/", endpoints.ActivityView.as_view(), name="endpoint-activity"),
    path(f"{_ENDPOINT}recover/", endpoints.RecoverView.as_view(), name="endpoint-recover"),
    path(f"{_ENDPOINT}check-receiver/", checkup.check_receiver_view, name="endpoint-check"),
    path("recoveries/", endpoints.RecoveryListView.as_view(), name="recoveries"),
    path("recoveries/<int:recovery_id>/", endpoints.RecoveryView.as_view(), name="recovery"),
    path(
        "recoveries/<int:recovery_id>/cancel/",
        endpoints.CancelRecoveryView.as_view(),
        name="recovery-cancel",
    ),
    path("deliveries/", deliveries.DeliveryListView.as_view(), name="deliveries"),
    path("deliveries/<int:delivery_id>/", deliveries.DeliveryView.as_view(), name="delivery"),
    path(
        "deliveries/<int:delivery_id>/retry/", deliveries.RetryView.as_view(), name="delivery-retry"
    ),
    path("event-types/", catalogue.EventTypeListView.as_view(), name="event-types"),
    path("snippets/", catalogue.SnippetListView.as_view(), name="snippets"),
]
