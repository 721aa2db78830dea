"""What endpoints can subscribe to, and whether the published schemas fit their examples."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from common.errors import InvalidInput
from webhooks.catalogue import EVENT_TYPES, check_patterns, matches

CONTRACT = {
    *(f"scraping.{end}" for end in ("completed", "partial", "failed", "cancelled")),
    *(f"discovery.{end}" for end in ("completed", "partial", "failed", "cancelled")),
    *(f"analysis.{end}" for end in ("completed", "partial", "failed", "cancelled")),
    *(f"export.{end}" for end in ("completed", "failed", "cancelled")),
    "endpoint.disabled",
    "webhook.test",
}


class TestEventTypes:
    def test_are_those_of_the_contract(self) -> None:
        assert set(EVENT_TYPES) == CONTRACT

    @pytest.mark.parametrize("name", sorted(CONTRACT))
    def test_w57_have_a_schema_that_their_example_fits(self, name: str) -> None:
        event_type = EVENT_TYPES[name]
        Draft202012Validator.check_schema(event_type.schema)
        validator = Draft202012Validator(event_type.schema)
        example = json.loads(json.dumps(event_type.example))
        validator.validate(example)
        assert event_type.description.endswith(".")

    @pytest.mark.parametrize("name", sorted(CONTRACT))
    def test_w57_have_a_schema_that_refuses_another_event(self, name: str) -> None:
        validator = Draft202012Validator(EVENT_TYPES[name].schema)
        example = dict(EVENT_TYPES[name].example)
        assert not validator.is_valid({**example, "type": "other.happened"})
        assert not validator.is_valid({**example, "data": {}})
        assert not validator.is_valid({**example, "sequence": 0})

    def test_may_be_thin_when_the_data_is_too_large(self) -> None:
        example = dict(EVENT_TYPES["scraping.completed"].example)
        data = {"id": 1, "project": 2, "truncated": True, "url": "https://teppan.example/api/"}
        Draft202012Validator(EVENT_TYPES["scraping.completed"].schema).validate(
            {**example, "data": data, "previous_sequence": None}
        )


class TestMatches:
    @pytest.mark.parametrize(
        ("pattern", "name", "expected"),
        [
            ("*", "scraping.completed", True),
            ("scraping.*", "scraping.completed", True),
            ("scraping.completed", "scraping.completed", True),
            ("scraping.completed", "scraping.partial", False),
            ("scraping.*", "analysis.completed", False),
            ("scraping", "scraping.completed", False),
            ("scrap.*", "scraping.completed", False),
            (".*", "scraping.completed", False),
            ("scraping.*.*", "scraping.completed", False),
        ],
    )
    def test_w09_by_name_group_or_everything(self, pattern: str, name: str, expected: bool) -> None:
        assert matches(pattern, name) is expected


class TestCheckPatterns:
    def test_w09_keeps_the_order_and_drops_doubles(self) -> None:
        assert check_patterns(["webhook.test", "scraping.*", "webhook.test"]) == [
            "webhook.test",
            "scraping.*",
        ]

    @pytest.mark.parametrize("pattern", ["", "scraping", "post.stored", "post.*", "**", "*.failed"])
    def test_w09_refuses_what_nothing_matches(self, pattern: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            check_patterns(["*", pattern])
        assert caught.value.attr == "event_types"

    def test_refuses_an_empty_list(self) -> None:
        with pytest.raises(InvalidInput):
            check_patterns([])
