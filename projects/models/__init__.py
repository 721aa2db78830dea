"""Tables of accounts, projects and the event log."""

from projects.models.accounts import ApiToken, FirstAccount, LoginFailure, Session, User
from projects.models.log import Event, IdempotencyKey
from projects.models.projects import Project

__all__ = [
    "ApiToken",
    "Event",
    "FirstAccount",
    "IdempotencyKey",
    "LoginFailure",
    "Project",
    "Session",
    "User",
]
