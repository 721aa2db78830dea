import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Lower

import scraper.models

# Without a copy of the texts: the posts have them. The words arrive ready-made, so the tokenizer
# only has to part them: what is not ASCII belongs to a word, and so do the marks named here.
CREATE_FTS = """
CREATE VIRTUAL TABLE scraper_postwords
USING fts5(words, content='', columnsize=0, tokenize="ascii tokenchars '._-'")
"""
# What waits for its place in the index is read by every search: half a megabyte at most.
CREATE_GIN = """
CREATE INDEX document_words ON scraper_postdocument USING gin (document)
WITH (gin_pending_list_limit = 512)
"""
NOTE_PAGES = """
INSERT INTO scraper_unindexedpage (project_id, fullnames)
SELECT project_id, {as_json} FROM (
  SELECT project_id, fullname,
    (row_number() OVER (PARTITION BY project_id ORDER BY id) - 1) / 100 AS page
  FROM scraper_scrapedpost
) AS post GROUP BY project_id, page
"""
AS_JSON = {"postgresql": "json_agg(fullname)::text", "sqlite": "json_group_array(fullname)"}


def create_index(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    schema_editor.execute(CREATE_GIN if vendor == "postgresql" else CREATE_FTS)
    schema_editor.execute(NOTE_PAGES.format(as_json=AS_JSON[vendor]))


def drop_index(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE scraper_postwords")


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_account_safety"),
        ("scraper", "0004_comments"),
    ]

    operations = [
        migrations.CreateModel(
            name="PostDocument",
            fields=[
                (
                    "post",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="scraper.scrapedpost",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("digest", models.BinaryField()),
                ("document", scraper.models.DocumentField()),
            ],
        ),
        migrations.CreateModel(
            name="UnindexedPage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fullnames", models.TextField()),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="projects.project"
                    ),
                ),
            ],
        ),
        migrations.RunPython(create_index, drop_index),
        migrations.RemoveIndex(model_name="scrapedpost", name="post_by_subreddit"),
        migrations.AddIndex(
            model_name="scrapedpost",
            index=models.Index(
                F("project"),
                Lower("subreddit"),
                F("created_at"),
                F("id"),
                name="post_by_subreddit_date",
            ),
        ),
        migrations.AddIndex(
            model_name="scrapedpost",
            index=models.Index(
                F("project"), Lower("author"), F("created_at"), F("id"), name="post_by_author"
            ),
        ),
    ]
