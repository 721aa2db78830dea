from django.db import migrations

# The default takes a fifth of the time of storing a page; a server built without LZ4 keeps it.
OFFERED = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
COMPRESS = "ALTER TABLE scraper_scrapedpost ALTER COLUMN selftext SET COMPRESSION %s"


def set_compression(schema_editor, method):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(OFFERED)
        is_offered = cursor.fetchone()
        if is_offered and is_offered[0]:
            cursor.execute(COMPRESS % method)


def forwards(apps, schema_editor):
    set_compression(schema_editor, "lz4")


def backwards(apps, schema_editor):
    set_compression(schema_editor, "pglz")


class Migration(migrations.Migration):
    dependencies = [("scraper", "0002_drop_redundant_indexes")]

    operations = [migrations.RunPython(forwards, backwards)]
