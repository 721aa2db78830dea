"""A history of what changes about posts, and down to where listings have been read."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_account_safety"),
        ("scraper", "0005_index_texts_for_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="scrapingtarget",
            name="gap",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="scrapingtarget",
            name="head",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="scrapingtarget",
            name="oldest_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="scrapingtarget",
            name="pages",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="PostMetric",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen_at", models.DateTimeField()),
                ("seen_before_at", models.DateTimeField()),
                ("score", models.IntegerField(null=True)),
                ("score_before", models.IntegerField(null=True)),
                ("upvote_ratio", models.FloatField(null=True)),
                ("upvote_ratio_before", models.FloatField(null=True)),
                ("num_comments", models.IntegerField(null=True)),
                ("num_comments_before", models.IntegerField(null=True)),
                ("removed", models.CharField(max_length=8, null=True)),
                ("removed_before", models.CharField(max_length=8, null=True)),
                ("edited_at", models.DateTimeField(null=True)),
                ("edited_at_before", models.DateTimeField(null=True)),
                (
                    "post",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="scraper.scrapedpost",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["post", "id"], name="metric_by_post")],
            },
        ),
        migrations.CreateModel(
            name="Watermark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subreddit", models.CharField(max_length=64)),
                ("sort", models.CharField(max_length=16)),
                ("head", models.JSONField(default=list)),
                ("top_at", models.DateTimeField()),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "subreddit", "sort"), name="watermark_unique"
                    )
                ],
            },
        ),
    ]
