"""Tables of scraping: jobs, their targets, a project's posts and comments, who saw which."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models.functions import Coalesce, Lower

from projects.activity import Fact
from projects.runs import Run


class ScrapingJob(Run):
    """One request to scrape one or more subreddits."""

    stream_kind = "scraping"

    class Mode(models.TextChoices):
        """`stream` is driven by the web process in which it is watched; `bulk` by a worker."""

        BULK = "bulk"
        STREAM = "stream"

    mode = models.CharField(max_length=8, choices=Mode.choices)
    backend = models.CharField(max_length=16)
    config = models.JSONField(default=dict)
    posts_scraped = models.PositiveIntegerField(default=0)
    posts_new = models.PositiveIntegerField(default=0)
    comments_scraped = models.PositiveIntegerField(default=0)
    requests_made = models.PositiveIntegerField(default=0)
    viewed_at = models.DateTimeField(null=True)

    class Meta(Run.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["status", "owner", "id"], name="job_fair_claim"),
            models.Index(fields=["project", "created_at", "id"], name="job_by_project"),
            models.Index(fields=["owner", "created_at", "id"], name="job_by_owner"),
        ]

    def status_if_cut(self) -> str:
        """Return partial once something was read or a subreddit is done, else failed."""
        has_results = models.Q(status__in=("completed", "partial")) | models.Q(pages__gt=0)
        is_partial = self.posts_scraped or self.targets.filter(has_results).exists()
        return self.Status.PARTIAL if is_partial else self.Status.FAILED

    def end_parts(self, status: str, *, code: str, detail: str) -> Sequence[Fact]:
        """End the targets that are not finished: with the job's cancel, or with what cut it off."""
        unfinished = self.targets.filter(status__in=("pending", "running"))
        targets = list(unfinished.order_by("position"))
        reason = {"error_code": code, "error_detail": detail, "error_sample": ""}
        for target in targets:
            if status == self.Status.CANCELLED:
                target.status, reason = status, {}
            else:
                target.end_with(code, detail)
        # There may be a thousand of them, and a cancel is waited for.
        for ended in {target.status for target in targets}:
            ids = [target.pk for target in targets if target.status == ended]
            self.targets.filter(pk__in=ids).update(status=ended, **reason)
        return [target.changed() for target in targets]

    def terminal_data(self) -> dict[str, Any]:
        """Return the data of the job's last event, by its status."""
        if self.status == self.Status.FAILED:
            return {"error": {"code": self.error_code, "detail": self.error_detail}}
        counts = {"posts_scraped": self.posts_scraped}
        if self.status == self.Status.CANCELLED:
            return counts
        ended_badly = self.targets.exclude(error_code="").order_by("position")
        errors = [target.error_entry() for target in ended_badly]
        return {"status": self.status, **counts, "posts_new": self.posts_new, "errors": errors}


class ScrapingTarget(models.Model):
    """One subreddit of a job, with the place where it goes on."""

    CHANGED = "target.changed"
    # What `entry` and `error_entry` are made without, though it is the most of a row.
    UNSEEN = ("cursor", "head", "oldest_at", "pages", "error_sample")

    job = models.ForeignKey(
        ScrapingJob, on_delete=models.CASCADE, related_name="targets", db_index=False
    )
    position = models.PositiveIntegerField()
    subreddit = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Run.Status.choices, default="pending")
    cursor = models.TextField(blank=True, default="")
    posts_scraped = models.PositiveIntegerField(default=0)
    posts_new = models.PositiveIntegerField(default=0)
    comments_scraped = models.PositiveIntegerField(default=0)
    comments_due = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    # How far down the listing was read, and its newest posts: what `known_ground` is made of.
    head = models.JSONField(default=list)
    oldest_at = models.DateTimeField(null=True)
    gap = models.JSONField(null=True)
    backend_used = models.CharField(max_length=16, blank=True, default="")
    stopped_by = models.CharField(max_length=16, blank=True, default="")
    error_code = models.CharField(max_length=32, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    error_sample = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="target_position_unique"),
        ]

    def __str__(self) -> str:
        return f"r/{self.subreddit}"

    def end_with(self, code: str, detail: str, *, sample: str = "") -> None:
        """End for a reason: partial when this job read pages of it, else failed."""
        has_stored = self.pages or self.posts_scraped or self.comments_scraped
        self.status = "partial" if has_stored else "failed"
        self.error_code = code
        self.error_detail = detail
        self.error_sample = sample

    def entry(self) -> dict[str, Any]:
        """Return one entry of the job's `targets`, as REST and the stream show it."""
        error = {"code": self.error_code, "detail": self.error_detail}
        return {
            "subreddit": self.subreddit,
            "status": self.status,
            "posts_scraped": self.posts_scraped,
            "posts_new": self.posts_new,
            "comments_scraped": self.comments_scraped,
            "comments_due": self.comments_due,
            "backend_used": self.backend_used or None,
            "exhausted": self.stopped_by == "exhausted",
            "stopped_by": self.stopped_by or None,
            "gap": self.gap,
            "error": error if self.error_code else None,
        }

    def error_entry(self) -> dict[str, str]:
        """Return one entry of the job's `errors`."""
        return {
            "subreddit": self.subreddit,
            "code": self.error_code,
            "detail": self.error_detail,
        }

    def changed(self) -> Fact:
        """Return the fact that the target is as it is now."""
        return Fact(self.CHANGED, self.entry())


class ScrapedPost(models.Model):
    """A post as last seen, once per project. Columns are named as in the REST API."""

    # Not indexed alone: the constraint's index begins with it, and each index costs every insert.
    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, db_index=False)
    fullname = models.TextField()
    subreddit = models.TextField()
    title = models.TextField()
    author = models.TextField(null=True)
    selftext = models.TextField()
    url = models.TextField()
    permalink = models.TextField()
    domain = models.TextField()
    score = models.IntegerField(null=True)
    upvote_ratio = models.FloatField(null=True)
    num_comments = models.IntegerField(null=True)
    flair = models.TextField(null=True)
    over_18 = models.BooleanField()
    spoiler = models.BooleanField()
    stickied = models.BooleanField()
    locked = models.BooleanField()
    is_self = models.BooleanField()
    post_type = models.CharField(max_length=16)
    thumbnail = models.TextField(null=True)
    media = models.JSONField(default=list)
    crosspost_parent = models.TextField(null=True)
    removed = models.CharField(max_length=8, null=True)
    edited_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    fetched_at = models.DateTimeField()
    backend = models.CharField(max_length=16)
    # How complete its comments are: those that the last reading gave, of those it should have.
    comments_fetched = models.PositiveIntegerField(null=True)
    comments_expected = models.PositiveIntegerField(null=True)
    comments_fetched_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "fullname"], name="post_unique"),
        ]
        indexes = [
            models.Index("project", "created_at", "id", name="post_by_date"),
            models.Index("project", Coalesce("score", -1), "id", name="post_by_score"),
            models.Index("project", Coalesce("num_comments", -1), "id", name="post_by_comments"),
            models.Index(
                "project", Lower("subreddit"), "created_at", "id", name="post_by_subreddit_date"
            ),
            models.Index("project", Lower("author"), "created_at", "id", name="post_by_author"),
        ]

    def __str__(self) -> str:
        return self.fullname


class PostMetric(models.Model):
    """One observed change of a post: what it was when seen before, and what it is since `seen_at`.

    Numbers that did not change are the same in both; texts are not kept, only that they changed.
    """

    post = models.ForeignKey(ScrapedPost, on_delete=models.CASCADE, db_index=False)
    seen_at = models.DateTimeField()
    seen_before_at = models.DateTimeField()
    score = models.IntegerField(null=True)
    score_before = models.IntegerField(null=True)
    upvote_ratio = models.FloatField(null=True)
    upvote_ratio_before = models.FloatField(null=True)
    num_comments = models.IntegerField(null=True)
    num_comments_before = models.IntegerField(null=True)
    removed = models.CharField(max_length=8, null=True)
    removed_before = models.CharField(max_length=8, null=True)
    edited_at = models.DateTimeField(null=True)
    edited_at_before = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["post", "id"], name="metric_by_post")]

    def __str__(self) -> str:
        return f"{self.post_id} at {self.seen_at}"


class Watermark(models.Model):
    """The newest posts down from which a subreddit's listing has been read, for `only_new`."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, db_index=False)
    subreddit = models.CharField(max_length=64)
    sort = models.CharField(max_length=16)
    head = models.JSONField(default=list)
    top_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "subreddit", "sort"], name="watermark_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"r/{self.subreddit} by {self.sort}, up to {self.top_at}"


class ScrapedComment(models.Model):
    """A comment as last seen, once per project. Columns are named as in the REST API.

    `position` counts a post's comments depth first, so that a thread is read in order by keyset.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, db_index=False)
    post = models.ForeignKey(ScrapedPost, on_delete=models.CASCADE, db_index=False)
    fullname = models.TextField()
    parent_id = models.TextField()
    position = models.PositiveIntegerField()
    depth = models.PositiveIntegerField()
    author = models.TextField(null=True)
    body = models.TextField()
    score = models.IntegerField(null=True)
    is_submitter = models.BooleanField()
    stickied = models.BooleanField()
    distinguished = models.TextField(null=True)
    removed = models.CharField(max_length=8, null=True)
    edited_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    fetched_at = models.DateTimeField()
    backend = models.CharField(max_length=16)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "fullname"], name="comment_unique"),
        ]
        indexes = [models.Index(fields=["post", "position", "id"], name="comment_by_position")]

    def __str__(self) -> str:
        return self.fullname


class JobPost(models.Model):
    """That a job saw a post, and as which part of which event (`seq:n` in the stream)."""

    job = models.ForeignKey(ScrapingJob, on_delete=models.CASCADE, db_index=False)
    post = models.ForeignKey(ScrapedPost, on_delete=models.CASCADE)
    seq = models.BigIntegerField()
    n = models.PositiveIntegerField()
    # The target that still has to read the post's comments; set and cleared with what it is about.
    comments_due_for = models.ForeignKey(
        ScrapingTarget, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "post"], name="job_post_unique"),
        ]
        indexes = [
            models.Index(fields=["job", "seq", "n"], name="job_post_by_seq"),
            models.Index(
                fields=["comments_due_for", "id"],
                name="job_post_comments_due",
                condition=models.Q(comments_due_for__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq}:{self.n}"


class DocumentField(models.Field):  # type: ignore[type-arg]  # generic to the checker only
    """The words of a post: PostgreSQL's indexed `tsvector`; for SQLite what its index was given."""

    def db_type(self, connection: Any) -> str:
        """Return the column's type."""
        return "tsvector" if connection.vendor == "postgresql" else "blob"


class PostDocument(models.Model):
    """A post as text search knows it, behind the post itself by the `UnindexedPage`s there are."""

    post = models.OneToOneField(ScrapedPost, on_delete=models.CASCADE, primary_key=True)
    created_at = models.DateTimeField()
    digest = models.BinaryField()
    document = DocumentField()

    def __str__(self) -> str:
        return f"words of {self.pk}"


class UnindexedPage(models.Model):
    """A stored page whose posts text search has not looked at: the index's durable marker."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE)
    fullnames = models.TextField()

    def __str__(self) -> str:
        return f"page {self.pk} of project {self.project_id}"
