from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0003_deliveries_of_examples"),
    ]

    operations = [
        migrations.RenameModel(old_name="Delivery", new_name="WebhookDelivery"),
    ]
