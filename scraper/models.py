"""Tables of scraping: the job, its targets, the posts of a project, and which job saw which post."""

from django.db import models
from django.db.models.functions import Coalesce

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


class ScrapingTarget(models.Model):
    """One subreddit of a job, with the place where it goes on."""

    job = models.ForeignKey(ScrapingJob, on_delete=models.CASCADE, related_name="targets")
    position = models.PositiveIntegerField()
    subreddit = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Run.Status.choices, default="pending")
    cursor = models.TextField(blank=True, default="")
    posts_scraped = models.PositiveIntegerField(default=0)
    posts_new = models.PositiveIntegerField(default=0)
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


class ScrapedPost(models.Model):
    """A post as last seen, once per project. Columns are named as in the REST API."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE)
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

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "fullname"], name="post_unique"),
        ]
        indexes = [
            models.Index("project", "created_at", "id", name="post_by_date"),
            models.Index("project", Coalesce("score", -1), "id", name="post_by_score"),
            models.Index("project", Coalesce("num_comments", -1), "id", name="post_by_comments"),
            models.Index("project", "subreddit", "created_at", "id", name="post_by_subreddit"),
        ]

    def __str__(self) -> str:
        return self.fullname


class JobPost(models.Model):
    """That a job saw a post, and as which part of which event (`seq:n` in the stream)."""

    job = models.ForeignKey(ScrapingJob, on_delete=models.CASCADE)
    post = models.ForeignKey(ScrapedPost, on_delete=models.CASCADE)
    seq = models.BigIntegerField()
    n = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "post"], name="job_post_unique"),
        ]
        indexes = [models.Index(fields=["job", "seq", "n"], name="job_post_by_seq")]
