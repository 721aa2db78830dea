"""Projects: list, create, read, change, delete."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from projects.idempotency import Made, answer_once, fingerprint_of
from projects.selectors import NEWEST_FIRST, project_row_of, projects_of
from projects.serializers import ProjectSerializer
from projects.services import projects


class ProjectListView(ApiView):
    """The caller's projects."""

    serializer_class = ProjectSerializer
    order = NEWEST_FIRST

    @extend_schema(responses={200: ProjectSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List the projects, newest first."""
        return self.page(projects_of(self.caller))

    @extend_schema(responses={201: ProjectSerializer})
    def post(self, request: Request) -> Response:
        """Create a project."""
        fields = self.validated()

        def make() -> Made:
            project = projects.create_project(self.caller, **fields)
            body = ProjectSerializer(project).data
            return 201, body, {"Location": f"{request.path}{project.pk}/"}, body

        fingerprint = fingerprint_of("POST", request.path, request.data)
        key = request.headers.get("Idempotency-Key")
        answer = answer_once(self.caller, key, fingerprint, make)
        return Response(answer.body, status=answer.status, headers=dict(answer.headers))


class ProjectView(ApiView):
    """One project."""

    serializer_class = ProjectSerializer

    def get(self, request: Request, project_id: int) -> Response:
        """Return the project."""
        return Response(ProjectSerializer(project_row_of(self.caller, project_id)).data)

    def patch(self, request: Request, project_id: int) -> Response:
        """Change the fields that are given."""
        project_row_of(self.caller, project_id)
        projects.update_project(self.caller, project_id, self.validated(partial=True))
        return self.get(request, project_id)

    @extend_schema(responses={202: None})
    def delete(self, request: Request, project_id: int) -> Response:
        """Delete the project at once: running work is cancelled, rows go in the background."""
        projects.delete_project(self.caller, project_id)
        return Response(status=202)
