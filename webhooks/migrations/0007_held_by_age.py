from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0006_checks_of_receivers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True), ("next_retry_at__isnull", True)),
                fields=["created_at"],
                name="delivery_held",
            ),
        ),
    ]
