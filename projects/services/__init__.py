"""What changes accounts and projects."""

from projects.services.projects import command_line_project

__all__ = ["command_line_project"]
