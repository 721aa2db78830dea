"""The post list as REST framework's own building blocks give it, for `benchmarks.api_list`.

Served as `benchmarks.reference_api:application`: ModelSerializer and CursorPagination behind the
same door as ours: shared threads, lasting connections, middleware, sign-in by token, the project's
owner asked for.
"""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

settings.ROOT_URLCONF = "benchmarks.reference_api"

from django.core.asgi import get_asgi_application

from config.asgi import Application

application = Application(get_asgi_application(), body_limit=1_000_000)

from django.db.models.functions import Lower
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

from projects.models import Project
from scraper.models import ScrapedPost


class PostSerializer(ModelSerializer):
    """All of a post's columns."""

    class Meta:
        model = ScrapedPost
        exclude = ("project",)


class ByKey(CursorPagination):
    """50 posts, newest or highest first."""

    page_size = 50

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        return ("-score", "-id") if request.GET.get("sort") == "score" else ("-created_at", "-id")


class PostList(ListAPIView):
    """The list, with the filters that the benchmark asks for."""

    serializer_class = PostSerializer
    pagination_class = ByKey
    renderer_classes = (JSONRenderer,)

    def get_queryset(self) -> Any:
        projects = Project.objects.filter(owner=self.request.user)
        project = get_object_or_404(projects, pk=self.kwargs["project"])
        rows = ScrapedPost.objects.filter(project=project)
        lookups = {"since": "created_at__gte", "until": "created_at__lt"}
        # By the index that the table has for them.
        lookups |= {"subreddit": "subreddit_key", "author": "author_key"}
        rows = rows.alias(subreddit_key=Lower("subreddit"), author_key=Lower("author"))
        for name, lookup in lookups.items():
            if name in self.request.GET:
                rows = rows.filter(**{lookup: self.request.GET[name]})
        return rows


urlpatterns = [path("api/projects/<int:project>/posts/", PostList.as_view())]
