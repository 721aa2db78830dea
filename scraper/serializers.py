"""Shapes of scraping in REST: what is accepted, and what the OpenAPI document says of answers."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.fields import empty

from common.api import StrictSerializer
from data_provider import BACKENDS
from projects.runs import Run
from scraper.services import MOST_AT_ONCE

SORTS = ("hot", "new", "top", "rising", "controversial")
TIME_FILTERS = ("hour", "day", "week", "month", "year", "all")
_LONGEST_NAME = 300
_MOST_METADATA_BYTES = 16_384


class StartJobSerializer(StrictSerializer):
    """Body of POST /api/scraper/jobs/."""

    project = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    mode = serializers.ChoiceField(choices=("bulk", "stream"), default="bulk")
    backend = serializers.ChoiceField(choices=("auto", *BACKENDS), default="auto")
    subreddits = serializers.ListField(
        child=serializers.CharField(max_length=_LONGEST_NAME), min_length=1, max_length=1000
    )
    sort = serializers.ChoiceField(choices=SORTS, default="new")
    time_filter = serializers.ChoiceField(choices=TIME_FILTERS, default="all")
    limit = serializers.IntegerField(min_value=1, max_value=1_000_000, default=100)
    include_comments = serializers.BooleanField(default=False)
    comment_limit = serializers.IntegerField(min_value=1, default=None, allow_null=True)
    comment_depth = serializers.IntegerField(
        min_value=1, default=None, allow_null=True, help_text="Levels to read; 1 = top level only."
    )
    only_new = serializers.BooleanField(
        default=False, help_text="With sort=new: stop at what an earlier scrape has seen."
    )
    min_score = serializers.IntegerField(
        min_value=-(2**31), max_value=2**31 - 1, default=None, allow_null=True
    )
    since = serializers.DateTimeField(default=None, allow_null=True)
    until = serializers.DateTimeField(default=None, allow_null=True)
    on_disconnect = serializers.ChoiceField(choices=("continue", "stop"), default="continue")
    parallelism = serializers.IntegerField(
        min_value=1,
        max_value=MOST_AT_ONCE,
        default=1,
        help_text="Subreddits read at once; at 1 they come in the order given.",
    )
    metadata = serializers.DictField(default=dict)

    def validate_metadata(self, value: dict[str, Any]) -> dict[str, Any]:
        """Keep what callers attach to a job small."""
        if len(str(value)) > _MOST_METADATA_BYTES:
            raise serializers.ValidationError("Should be at most 16 kB.")
        return value


class JobFilterSerializer(StrictSerializer):
    """Query of GET /api/scraper/jobs/."""

    project = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    status = serializers.ChoiceField(choices=Run.Status.choices, required=False)
    mode = serializers.ChoiceField(choices=("bulk", "stream"), required=False)
    origin = serializers.ChoiceField(choices=Run.Origin.choices, required=False)


class JobCountFilterSerializer(StrictSerializer):
    """Query of GET /api/scraper/jobs/counts/: the list's filters without the status."""

    project = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    mode = serializers.ChoiceField(choices=("bulk", "stream"), required=False)
    origin = serializers.ChoiceField(choices=Run.Origin.choices, required=False)


class JobCountsSerializer(serializers.Serializer[Any]):
    """How many jobs have each status."""

    pending = serializers.IntegerField()
    running = serializers.IntegerField()
    completed = serializers.IntegerField()
    partial = serializers.IntegerField()  # type: ignore[assignment]
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class ErrorSerializer(serializers.Serializer[Any]):
    """Why a target or job ended as it did."""

    code = serializers.CharField()
    detail = serializers.CharField()


class TargetErrorSerializer(ErrorSerializer):
    """One entry of a job's `errors`."""

    subreddit = serializers.CharField()


class TargetSerializer(serializers.Serializer[Any]):
    """One subreddit of a job."""

    subreddit = serializers.CharField()
    status = serializers.ChoiceField(choices=Run.Status.choices)
    posts_scraped = serializers.IntegerField()
    posts_new = serializers.IntegerField()
    comments_scraped = serializers.IntegerField()
    comments_due = serializers.IntegerField(help_text="Posts whose comments are yet to be read.")
    backend_used = serializers.CharField(allow_null=True)
    exhausted = serializers.BooleanField()
    stopped_by = serializers.ChoiceField(
        choices=("exhausted", "limit", "listing_cap", "known"),
        allow_null=True,
        help_text="Why it ended; null while it runs and when an error cut it.",
    )
    gap = inline_serializer(
        "Gap",
        {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()},
        allow_null=True,
        help_text="With only_new: posts of this time may be missing, between two runs.",
    )
    error = ErrorSerializer(allow_null=True)


class JobSerializer(serializers.Serializer[Any]):
    """A scraping job."""

    id = serializers.IntegerField()
    project = serializers.IntegerField()
    mode = serializers.ChoiceField(choices=("bulk", "stream"))
    backend = serializers.CharField()
    status = serializers.ChoiceField(choices=Run.Status.choices)
    cancel_requested = serializers.BooleanField()
    config = serializers.DictField()
    posts_scraped = serializers.IntegerField(help_text="Distinct posts of this job.")
    posts_new = serializers.IntegerField(help_text="Those that the project did not have.")
    comments_scraped = serializers.IntegerField()
    requests_made = serializers.IntegerField()
    progress = serializers.FloatField(min_value=0, max_value=1)
    eta_seconds = serializers.FloatField(allow_null=True)
    targets = TargetSerializer(many=True)
    errors = TargetErrorSerializer(many=True)  # type: ignore[assignment]
    event_seq = serializers.IntegerField()
    attempt = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    origin = serializers.ChoiceField(choices=Run.Origin.choices)
    retry_of = serializers.IntegerField(allow_null=True)
    metadata = serializers.DictField()


class EventSerializer(serializers.Serializer[Any]):
    """One durable event of a job."""

    id = serializers.CharField()
    type = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()


class EventPageSerializer(serializers.Serializer[Any]):
    """Some events, and where the next ones are."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EventSerializer(many=True)


class MediaSerializer(serializers.Serializer[Any]):
    """One picture or film of a post."""

    type = serializers.ChoiceField(choices=("image", "video", "gif"))
    url = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)


class PostSerializer(serializers.Serializer[Any]):
    """A post as last seen."""

    id = serializers.CharField(help_text="Fullname, such as t3_abc.")
    subreddit = serializers.CharField()
    title = serializers.CharField()
    author = serializers.CharField(allow_null=True)
    selftext = serializers.CharField()
    url = serializers.CharField()
    permalink = serializers.CharField()
    domain = serializers.CharField()
    score = serializers.IntegerField(allow_null=True)
    upvote_ratio = serializers.FloatField(allow_null=True)
    num_comments = serializers.IntegerField(allow_null=True)
    flair = serializers.CharField(allow_null=True)
    over_18 = serializers.BooleanField()
    spoiler = serializers.BooleanField()
    stickied = serializers.BooleanField()
    locked = serializers.BooleanField()
    is_self = serializers.BooleanField()
    post_type = serializers.CharField()
    thumbnail = serializers.CharField(allow_null=True)
    media = MediaSerializer(many=True)
    crosspost_parent = serializers.CharField(allow_null=True)
    removed = serializers.ChoiceField(choices=("deleted", "removed"), allow_null=True)
    edited_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    fetched_at = serializers.DateTimeField()
    backend = serializers.CharField()
    comments_fetched = serializers.IntegerField(
        allow_null=True, help_text="Comments that the last reading gave; null: never read."
    )
    comments_expected = serializers.IntegerField(
        allow_null=True, help_text="Comments that Reddit counted then, removed ones included."
    )
    comments_fetched_at = serializers.DateTimeField(allow_null=True)


class CommentSerializer(serializers.Serializer[Any]):
    """A comment as last seen; a list holds a thread depth first."""

    id = serializers.CharField(help_text="Fullname, such as t1_abc.")
    post_id = serializers.CharField()
    parent_id = serializers.CharField(help_text="Of the post or of another comment.")
    depth = serializers.IntegerField()
    author = serializers.CharField(allow_null=True)
    body = serializers.CharField()
    score = serializers.IntegerField(allow_null=True)
    is_submitter = serializers.BooleanField()
    stickied = serializers.BooleanField()
    distinguished = serializers.CharField(allow_null=True)
    removed = serializers.ChoiceField(choices=("deleted", "removed"), allow_null=True)
    edited_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    fetched_at = serializers.DateTimeField()
    backend = serializers.CharField()


class MetricSerializer(serializers.Serializer[Any]):
    """One observed change of a post; what did not change is the same in both."""

    seen_at = serializers.DateTimeField(help_text="When it was first seen like this.")
    seen_before_at = serializers.DateTimeField(help_text="When it was last seen as before.")
    score = serializers.IntegerField(allow_null=True)
    score_before = serializers.IntegerField(allow_null=True)
    upvote_ratio = serializers.FloatField(allow_null=True)
    upvote_ratio_before = serializers.FloatField(allow_null=True)
    num_comments = serializers.IntegerField(allow_null=True)
    num_comments_before = serializers.IntegerField(allow_null=True)
    removed = serializers.ChoiceField(choices=("deleted", "removed"), allow_null=True)
    removed_before = serializers.ChoiceField(choices=("deleted", "removed"), allow_null=True)
    edited_at = serializers.DateTimeField(allow_null=True)
    edited_at_before = serializers.DateTimeField(allow_null=True)


class _QueryFlag(serializers.BooleanField):
    """A flag of a query that may be absent; REST framework would read that as false."""

    default_empty_html = empty


class PostFilterSerializer(StrictSerializer):
    """Query of GET /api/projects/{id}/posts/."""

    q = serializers.CharField(required=False, max_length=200)
    subreddit = serializers.CharField(required=False, max_length=64)
    author = serializers.CharField(required=False, max_length=64)
    flair = serializers.CharField(required=False, max_length=200)
    min_score = serializers.IntegerField(required=False, min_value=-(2**31), max_value=2**31 - 1)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    over_18 = _QueryFlag(required=False)
    job = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    sort = serializers.ChoiceField(choices=("created", "score", "num_comments"), default="created")
    order = serializers.ChoiceField(choices=("asc", "desc"), default="desc")


class LastErrorSerializer(ErrorSerializer):
    """What went wrong last with a source."""

    at = serializers.DateTimeField()


class QuotaSerializer(serializers.Serializer[Any]):
    """What upstream says is left of its window."""

    remaining = serializers.FloatField()
    reset_seconds = serializers.FloatField(allow_null=True)


class HealthSerializer(serializers.Serializer[Any]):
    """How a source fared of late, in all processes together."""

    state = serializers.ChoiceField(
        choices=("unknown", "healthy", "degraded", "limited", "open"),
        help_text="open: walls or faults, left alone for a while; limited: its rate limit is used.",
    )
    success_rate = serializers.FloatField(allow_null=True, help_text="Of the last 50 answers.")
    p50_ms = serializers.FloatField(allow_null=True)
    last_error = LastErrorSerializer(allow_null=True)
    quota = QuotaSerializer(allow_null=True)


class BackendSerializer(serializers.Serializer[Any]):
    """A source: whether it can be used, what it can do, what it lacks."""

    name = serializers.CharField()
    configured = serializers.BooleanField()
    needs = serializers.ListField(child=serializers.CharField())
    capabilities = serializers.DictField()
    health = HealthSerializer()
    reason = serializers.CharField(allow_null=True)


class BackendTestSerializer(serializers.Serializer[Any]):
    """What came of a question to a source."""

    name = serializers.CharField()
    ok = serializers.BooleanField()
    code = serializers.CharField(allow_null=True, help_text="An error code; null when it answered.")
    detail = serializers.CharField()
    took_ms = serializers.IntegerField()
    tested_at = serializers.DateTimeField()


class DayCountSerializer(serializers.Serializer[Any]):
    """Posts of one day."""

    date = serializers.DateField()
    posts = serializers.IntegerField()


class SubredditCountSerializer(serializers.Serializer[Any]):
    """Posts of one subreddit."""

    subreddit = serializers.CharField()
    posts = serializers.IntegerField()
    last_fetched_at = serializers.DateTimeField()


class OverviewSerializer(serializers.Serializer[Any]):
    """What a project holds."""

    posts = serializers.IntegerField()
    authors = serializers.IntegerField()
    subreddits = SubredditCountSerializer(many=True)
    posts_per_day = DayCountSerializer(many=True, help_text="By creation, the last 90 days.")
    jobs = serializers.DictField(help_text="Number of jobs by status.")
    last_job_at = serializers.DateTimeField(allow_null=True)
