"""REST of scraping jobs, sources and stored posts."""

from typing import Any

import orjson
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView, StrictSerializer
from common.errors import NotFound
from common.frames import START, as_json, parse_cursor
from common.pagination import Key, Order
from projects.idempotency import answer_once, fingerprint_of
from projects.selectors import Principal, project_for_body, project_of
from scraper import history, log, selectors, services
from scraper.listing import posts_listed
from scraper.serializers import (
    BackendSerializer,
    BackendTestSerializer,
    CommentSerializer,
    EventPageSerializer,
    JobCountFilterSerializer,
    JobCountsSerializer,
    JobFilterSerializer,
    JobSerializer,
    MetricSerializer,
    OverviewSerializer,
    PostFilterSerializer,
    PostSerializer,
    StartJobSerializer,
)
from scraper.sources import backend_reports

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", location=OpenApiParameter.HEADER, required=False, type=str
)


class _NoBody(StrictSerializer):
    """An empty body."""


class JobListView(ApiView):
    """Jobs of the caller; a new one."""

    serializer_class = StartJobSerializer
    query_class = JobFilterSerializer
    order = Order("jobs", (Key("created_at"), Key("id")))

    @extend_schema(parameters=[JobFilterSerializer], responses=JobSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List jobs, newest first."""
        jobs = selectors.jobs_matching(self.caller, self.query)
        found = self.paginate_queryset(jobs)
        return self.get_paginated_response(selectors.jobs_as_json(found or []))

    @extend_schema(parameters=[_IDEMPOTENCY_KEY], responses={202: JobSerializer})
    def post(self, request: Request) -> Response:
        """Start a job; with an Idempotency-Key the same request starts it once."""
        wish = self.validated()

        def make() -> Any:
            project = project_for_body(self.caller, wish.pop("project"))
            job = services.start_job(
                self.caller, project, services.StartJob(**wish), origin=_origin(request)
            )
            return _accepted(job.pk)

        return _answer(request, make)


class JobCountsView(ApiView):
    """How many jobs there are, by status."""

    serializer_class = JobCountsSerializer
    query_class = JobCountFilterSerializer

    @extend_schema(parameters=[JobCountFilterSerializer])
    def get(self, request: Request) -> Response:
        """Count the jobs that match."""
        return Response(selectors.job_counts(self.caller, self.query))


class JobView(ApiView):
    """One job."""

    serializer_class = JobSerializer

    def get(self, request: Request, job_id: int) -> Response:
        """Return the job as it is now."""
        job = selectors.job_of(self.caller, job_id)
        return Response(selectors.jobs_as_json([job])[0])


class CancelView(ApiView):
    """The end of a job."""

    serializer_class = _NoBody

    @extend_schema(request=None, responses={202: JobSerializer})
    def post(self, request: Request, job_id: int) -> Response:
        """Ask for the job's end; a finished job stays as it is."""
        self.validated()
        job = services.cancel_job(selectors.job_of(self.caller, job_id))
        return Response(selectors.jobs_as_json([job])[0], status=202)


class RetryView(ApiView):
    """A new job that goes on where this one stopped."""

    serializer_class = _NoBody

    @extend_schema(request=None, parameters=[_IDEMPOTENCY_KEY], responses={202: JobSerializer})
    def post(self, request: Request, job_id: int) -> Response:
        """Start a job with the failed, partial and cancelled targets and their cursors."""
        self.validated()
        job = selectors.job_of(self.caller, job_id)
        return _answer(
            request, lambda: _accepted(services.retry_job(job, origin=_origin(request)).pk)
        )


class _EventQuery(StrictSerializer):
    """Query of a job's events."""

    after = serializers.CharField(required=False, max_length=32)


class EventListView(ApiView):
    """The durable events of a job, as its stream sends them."""

    serializer_class = EventPageSerializer
    query_class = _EventQuery

    @extend_schema(parameters=[_EventQuery])
    def get(self, request: Request, job_id: int) -> Response:
        """List the events after an id; `next` goes on after the last one."""
        job = selectors.job_of(self.caller, job_id)
        after = parse_cursor(self.query["after"]) if "after" in self.query else START
        batch = log.read_entries(job.pk, after)
        results = [
            {
                "id": str(entry.position),
                "type": entry.type,
                "data": entry.data,
                "created_at": entry.created_at,
            }
            for entry in batch.entries
        ]
        address = request.build_absolute_uri(request.path)
        following = None if batch.is_last else f"{address}?after={batch.reached}"
        return Response({"next": following, "previous": None, "results": results})


class JobPostListView(ApiView):
    """The posts that a job saw."""

    serializer_class = PostSerializer
    order = Order("job-posts", (Key("seq"), Key("n"), Key("id")), is_descending=False)

    def get(self, request: Request, job_id: int) -> Response:
        """List them in the order in which they came."""
        job = selectors.job_of(self.caller, job_id)
        rows = self.paginate_queryset(selectors.posts_of_job(job.pk)) or []
        return self.get_paginated_response([selectors.joined_post_as_json(row) for row in rows])


class PostListView(ApiView):
    """The posts of a project."""

    serializer_class = PostSerializer
    query_class = PostFilterSerializer

    def get_order(self) -> Order:
        """Return the order that `sort` and `order` ask for."""
        key = {
            "created": Key("created_at"),
            "score": Key("score", nulls_as=-1),
            "num_comments": Key("num_comments", nulls_as=-1),
        }[self.query["sort"]]
        is_descending = self.query["order"] == "desc"
        name = f"posts-{self.query['sort']}-{self.query['order']}"
        return Order(name, (key, Key("id")), is_descending=is_descending)

    @extend_schema(parameters=[PostFilterSerializer])
    def get(self, request: Request, project_id: int) -> Response:
        """List posts that match.

        `q` takes words, "phrases", beginnings* of words, -unwanted ones and `this OR that`; case,
        accents and punctuation do not count. Posts can be found by their words a few seconds after
        they were stored: `X-Search-Pages-Waiting` is how many stored pages that still goes for.
        """
        project = project_of(self.caller, project_id)
        rows: Any = self.paginate_queryset(posts_listed(project.pk, self.query))  # type: ignore[arg-type]
        answer = self.get_paginated_response([selectors.post_as_json(row) for row in rows])
        if "q" in self.query:
            answer["X-Search-Pages-Waiting"] = str(selectors.pages_waiting(project.pk))
        return answer


class PostView(ApiView):
    """One post."""

    serializer_class = PostSerializer

    def get(self, request: Request, project_id: int, fullname: str) -> Response:
        """Return the post as last seen."""
        project = project_of(self.caller, project_id)
        row = selectors.posts_of_project(project.pk).filter(fullname=fullname).first()
        if row is None:
            raise NotFound
        return Response(selectors.post_as_json(row))


class CommentListView(ApiView):
    """The comments of one post."""

    serializer_class = CommentSerializer
    order = Order("comments", (Key("position"), Key("id")), is_descending=False)

    def get(self, request: Request, project_id: int, fullname: str) -> Response:
        """List them depth first, as last seen."""
        project = project_of(self.caller, project_id)
        rows = self.paginate_queryset(selectors.comments_of_post(project.pk, fullname)) or []
        return self.get_paginated_response([selectors.comment_as_json(row) for row in rows])


class MetricListView(ApiView):
    """How one post changed."""

    serializer_class = MetricSerializer
    order = Order("metrics", (Key("id"),))

    def get(self, request: Request, project_id: int, fullname: str) -> Response:
        """List the changes that were observed, newest first."""
        project = project_of(self.caller, project_id)
        rows = self.paginate_queryset(history.metrics_of_post(project.pk, fullname)) or []
        fields = history.METRIC_FIELDS
        return self.get_paginated_response([{name: row[name] for name in fields} for row in rows])


class OverviewView(ApiView):
    """What a project holds."""

    serializer_class = OverviewSerializer

    def get(self, request: Request, project_id: int) -> Response:
        """Return counters, posts per day and subreddit, and the latest runs."""
        project = project_of(self.caller, project_id)
        return Response(selectors.overview_of(project.pk))


class BackendListView(ApiView):
    """The sources of this installation."""

    serializer_class = BackendSerializer
    pagination_class = None

    @extend_schema(responses=BackendSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the sources: which are ready, what each can do, what the others need."""
        return Response(backend_reports())


class BackendTestView(ApiView):
    """A source, tried."""

    serializer_class = _NoBody
    pagination_class = None

    @extend_schema(request=None, responses=BackendTestSerializer)
    def post(self, request: Request, name: str) -> Response:
        """Ask the source one cheap question now, and tell what came of it."""
        self.validated()
        return Response(services.try_backend(name))


def _origin(request: Request) -> str:
    principal: Principal = request.auth  # type: ignore[assignment]
    return "web" if principal.kind == "session" else "api"


def _accepted(job_id: int) -> tuple[int, Any, dict[str, str], Any]:
    body = orjson.loads(as_json(selectors.job_detail(job_id)))
    return 202, body, {"Location": f"/api/scraper/jobs/{job_id}/"}, body


def _answer(request: Request, make: Any) -> Response:
    answer = answer_once(
        request.user,  # type: ignore[arg-type]
        request.headers.get("Idempotency-Key"),
        fingerprint_of(str(request.method), request.path, request.data),
        make,
    )
    return Response(answer.body, status=answer.status, headers=dict(answer.headers))
