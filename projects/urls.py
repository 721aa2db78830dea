"""Routes of accounts and projects, below /api/."""

from django.urls import path

from projects.views import accounts, api_tokens, projects

urlpatterns = [
    path("auth/register/", accounts.RegisterView.as_view(), name="register"),
    path("auth/token/", accounts.TokenView.as_view(), name="token"),
    path("auth/token/refresh/", accounts.RefreshView.as_view(), name="token-refresh"),
    path("auth/logout/", accounts.LogoutView.as_view(), name="logout"),
    path("auth/password/", accounts.PasswordView.as_view(), name="password"),
    path("auth/me/", accounts.MeView.as_view(), name="me"),
    path("auth/api-tokens/", api_tokens.ApiTokenListView.as_view(), name="api-tokens"),
    path("auth/api-tokens/<int:token_id>/", api_tokens.ApiTokenView.as_view(), name="api-token"),
    path("projects/", projects.ProjectListView.as_view(), name="projects"),
    path("projects/<int:project_id>/", projects.ProjectView.as_view(), name="project"),
]
