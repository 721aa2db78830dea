"""Projects over HTTP, and what becomes of deleted ones."""

from typing import Any

import pytest

from common.errors import InvalidInput, NotFound
from projects import deletion, schedules
from projects.deletion import Belongings
from projects.models import Project
from projects.schedules import resume_removals
from projects.selectors import deleted_project_ids, project_for_body, project_of
from projects.services.projects import command_line_project
from projects.tasks import remove_project_task
from tests.callers import Caller, MakeUser

PROJECTS = "/api/projects/"
FIELDS = {"id", "name", "description", "keywords", "subreddits", "created_at", "updated_at"}


@pytest.fixture
def belongings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An application that keeps 25 rows for every project."""
    seen: dict[str, Any] = {"rows": 25, "cancelled": [], "chunks": []}

    def remove(project_id: int, limit: int) -> int:
        taken = min(seen["rows"], limit, 10)
        seen["rows"] -= taken
        seen["chunks"].append(taken)
        return taken

    kept = Belongings(cancel=seen["cancelled"].append, remove=remove)
    monkeypatch.setattr(deletion, "_belongings", [])
    deletion.register(kept)
    return seen


class TestCreateProject:
    def test_answers_with_the_project_and_its_address(self, owner: Caller) -> None:
        body = {
            "name": "Knives",
            "description": "What cooks say",
            "keywords": ["knife", "steel"],
            "subreddits": ["chefknives", "r/Cooking", "/r/KitchenConfidential"],
        }
        answer = owner.post(PROJECTS, body)
        assert answer.status_code == 201
        project = answer.json()
        assert set(project) == FIELDS
        assert project["subreddits"] == ["chefknives", "Cooking", "KitchenConfidential"]
        assert project["created_at"].endswith("Z")
        assert owner.get(answer["Location"]).json() == project

    def test_needs_a_name_only(self, owner: Caller) -> None:
        project = owner.post(PROJECTS, {"name": "Knives"}).json()
        assert (project["description"], project["keywords"], project["subreddits"]) == ("", [], [])

    def test_keeps_one_of_names_that_differ_in_case(self, owner: Caller) -> None:
        body = {"name": "p", "subreddits": ["Python", "r/python", "PYTHON"], "keywords": ["a", "A"]}
        project = owner.post(PROJECTS, body).json()
        assert project["subreddits"] == ["Python"]
        assert project["keywords"] == ["a"]

    @pytest.mark.parametrize(
        ("body", "attr"),
        [
            ({}, "name"),
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"name": ["x"]}, "name"),
            ({"name": "p", "keywords": "knife"}, "keywords"),
            ({"name": "p", "subreddits": ["ok", "no spaces"]}, "subreddits.1"),
            ({"name": "p", "subreddits": ["../etc"]}, "subreddits.0"),
            ({"name": "p", "subreddits": ["ünïcode"]}, "subreddits.0"),
            ({"name": "p", "id": 7}, "id"),
            ({"name": "p", "nmae": "x"}, "nmae"),
        ],
    )
    def test_names_the_field_that_is_wrong(
        self, owner: Caller, body: dict[str, Any], attr: str
    ) -> None:
        answer = owner.post(PROJECTS, body)
        assert answer.status_code == 400
        assert answer.json()["type"] == "validation_error"
        assert attr in [error["attr"] for error in answer.json()["errors"]]

    @pytest.mark.parametrize("body", [[], [{"name": "p"}], "7", '"p"', "null"])
    def test_refuses_what_is_no_object(self, owner: Caller, body: Any) -> None:
        assert owner.post(PROJECTS, body).status_code == 400

    def test_happens_once_per_idempotency_key(self, owner: Caller) -> None:
        headers = {"idempotency-key": "k1"}
        first = owner.post(PROJECTS, {"name": "p", "keywords": []}, headers=headers)
        again = owner.post(PROJECTS, {"keywords": [], "name": "p"}, headers=headers)
        assert again.status_code == first.status_code == 201
        assert again.content == first.content
        assert again["Location"] == first["Location"]
        assert Project.objects.count() == 1
        different = owner.post(PROJECTS, {"name": "q"}, headers=headers)
        assert different.status_code == 409
        assert different.json()["errors"][0]["code"] == "idempotency_key_reused"


class TestListProjects:
    def test_reads_all_pages_forwards_and_back(self, owner: Caller) -> None:
        names = [f"p{number}" for number in range(7)]
        for name in names:
            owner.post(PROJECTS, {"name": name})
        pages, page = [], owner.get(f"{PROJECTS}?page_size=3").json()
        assert page["previous"] is None
        pages.append(page)
        while page["next"]:
            page = owner.get(page["next"]).json()
            pages.append(page)
        assert [p["name"] for page in pages for p in page["results"]] == names[::-1]
        assert owner.get(pages[2]["previous"]).json()["results"] == pages[1]["results"]

    def test_shows_only_ones_own(self, owner: Caller, other: Caller) -> None:
        owner.post(PROJECTS, {"name": "p"})
        assert other.get(PROJECTS).json() == {"next": None, "previous": None, "results": []}

    @pytest.mark.parametrize(
        ("query", "attr"),
        [
            ("page_size=0", "page_size"),
            ("page_size=201", "page_size"),
            ("page_size=1000000000", "page_size"),
            ("page_size=-1", "page_size"),
            ("page_size=ten", "page_size"),
            ("page_size=%D9%A3", "page_size"),
            ("cursor=x", "cursor"),
            ("cursor=%00", "cursor"),
            ("page=2", "page"),
            ("format=xml", "format"),
        ],
    )
    def test_x17_refuses_bad_parameters(self, owner: Caller, query: str, attr: str) -> None:
        answer = owner.get(f"{PROJECTS}?{query}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"] == attr

    def test_refuses_parameters_where_none_are_known(self, owner: Caller) -> None:
        project = owner.post(PROJECTS, {"name": "p"}).json()["id"]
        assert owner.get(f"{PROJECTS}{project}/?page_size=3").status_code == 400
        assert owner.post(f"{PROJECTS}?cursor=x", {"name": "p"}).status_code == 400


class TestChangeProject:
    def test_changes_what_is_given(self, owner: Caller) -> None:
        before = owner.post(PROJECTS, {"name": "p", "keywords": ["a"]}).json()
        path = f"{PROJECTS}{before['id']}/"
        after = owner.call("PATCH", path, {"name": "q"}).json()
        assert after["name"] == "q"
        assert after["keywords"] == ["a"]
        assert after["updated_at"] > before["updated_at"]
        assert owner.get(path).json() == after

    def test_refuses_unknown_fields(self, owner: Caller) -> None:
        project = owner.post(PROJECTS, {"name": "p"}).json()["id"]
        answer = owner.call("PATCH", f"{PROJECTS}{project}/", {"owner": 1})
        assert answer.status_code == 400

    @pytest.mark.parametrize("number", ["0", "-1", "9" * 30, "9" * 5000, "1.5", "x", "%00"])
    def test_an_impossible_id_is_not_found(self, owner: Caller, number: str) -> None:
        assert owner.get(f"{PROJECTS}{number}/").status_code == 404


class TestDeleteProject:
    def test_hides_at_once_and_cancels_after_the_commit(
        self,
        owner: Caller,
        belongings: dict[str, Any],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        project = owner.post(PROJECTS, {"name": "p"}).json()["id"]
        path = f"{PROJECTS}{project}/"
        with django_capture_on_commit_callbacks(execute=True):
            assert owner.call("DELETE", path).status_code == 202
        assert belongings["cancelled"] == [project]
        for method in ("GET", "PATCH", "DELETE"):
            body = {"name": "q"} if method == "PATCH" else None
            assert owner.call(method, path, body).status_code == 404
        assert owner.get(PROJECTS).json()["results"] == []
        assert deleted_project_ids() == [project]

    def test_the_background_removes_the_rows_in_chunks(
        self, owner: Caller, belongings: dict[str, Any]
    ) -> None:
        project = owner.post(PROJECTS, {"name": "p"}).json()["id"]
        owner.call("DELETE", f"{PROJECTS}{project}/")
        deletion.remove_project(project)
        assert belongings["chunks"] == [10, 10, 5, 0]
        assert not Project.objects.exists()
        deletion.remove_project(project)

    def test_the_background_leaves_living_projects_alone(
        self, owner: Caller, belongings: dict[str, Any]
    ) -> None:
        project = owner.post(PROJECTS, {"name": "p"}).json()["id"]
        deletion.remove_project(project)
        assert belongings["chunks"] == []
        assert Project.objects.filter(pk=project).exists()

    def test_the_schedule_finds_what_no_message_announced(
        self, owner: Caller, belongings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project = owner.post(PROJECTS, {"name": "p"}).json()["id"]
        owner.call("DELETE", f"{PROJECTS}{project}/")
        monkeypatch.setattr(schedules, "hint_removal", remove_project_task)
        resume_removals()
        assert not Project.objects.exists()


class TestProjectOf:
    def test_does_not_tell_foreign_from_missing(self, make_user: MakeUser) -> None:
        mine, theirs = make_user("ada"), make_user("bob")
        project = Project.objects.create(owner=theirs, name="p")
        assert project_of(theirs, project.pk) == project
        for number in (project.pk, project.pk + 1, 2**70):
            with pytest.raises(NotFound):
                project_of(mine, number)
            with pytest.raises(InvalidInput, match="no such project") as caught:
                project_for_body(mine, number)
            assert (caught.value.code, caught.value.attr) == ("does_not_exist", "project")


class TestCommandLineProject:
    def test_is_the_oldest_accounts(self, make_user: MakeUser) -> None:
        oldest = make_user("ada")
        make_user("bob")
        project = command_line_project(None)
        assert project.owner == oldest
        assert command_line_project(None) == project

    def test_refuses_an_unknown_id(self, db: None) -> None:
        with pytest.raises(InvalidInput):
            command_line_project(1)
