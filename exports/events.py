"""What an export tells the log besides the life of its run."""

QUEUED = "export.queued"
