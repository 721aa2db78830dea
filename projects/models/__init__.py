"""Tables of accounts, projects and the event log."""

from projects.models.accounts import ApiToken, Session, User
from projects.models.log import Event, IdempotencyKey
from projects.models.projects import Project

__all__ = ["ApiToken", "Event", "IdempotencyKey", "Project", "Session", "User"]
