"""A project full of posts, filled by the drivers' fastest ways, for the benchmarks of reading.

Texts are drawn from a few thousand; the words that are searched for stand in the titles, in known
shares of the posts. The text index gets what `scraper.indexing` would have given it.
"""

import random
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=60)
# Posts of one page of a scrape come from a while ago as well.
JITTER_SECONDS = 30 * 86_400
CHUNK = 5000
SUBREDDITS = [f"sub{number}" for number in range(50)]
AUTHORS = 100_000
TEXTS = 2000
VOCABULARY = 50_000
# Leaves room for posts that come otherwise, before and between two fillings.
FIRST_ID = 1_000_000_000

# Share of the posts that have the word.
WORDS = {"commonword": 0.4, "middleword": 0.02, "rareword": 0.0002}

COLUMNS = ["id", "project_id", "fullname", "subreddit", "title", "author", "selftext", "url"]
COLUMNS += ["permalink", "domain", "score", "upvote_ratio", "num_comments", "flair", "over_18"]
COLUMNS += ["spoiler", "stickied", "locked", "is_self", "post_type", "thumbnail", "media"]
COLUMNS += ["crosspost_parent", "removed", "edited_at", "created_at", "fetched_at", "backend"]
DOCUMENT = ["post_id", "created_at", "digest", "document"]


def fill(project_id: int, count: int, *, after: int = 0, with_words: bool = True) -> None:
    """Store posts number `after` + 1 to `count` of the project, in the text index as well."""
    from django.db import connection

    if connection.vendor == "postgresql":
        _fill_postgresql(project_id, count, after, with_words=with_words)
    else:
        _fill_sqlite(project_id, count, after, with_words=with_words)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def _rows(
    project_id: int, count: int, after: int
) -> Iterator[tuple[list[Any], datetime, list[str]]]:
    """Yield each post as COLUMNS, its instant, and the words that it is found by."""
    from scraper.search import name_token, project_token, word_token
    from scraper.words import words_of

    dice = random.Random(after)
    texts = _texts(dice)
    tokens = [[word_token(project_id, word) for word in words_of(text)] for text in texts]
    marks = {word: word_token(project_id, word) for word in WORDS}
    for number in range(after + 1, count + 1):
        created_at = EPOCH + STEP * number + timedelta(seconds=dice.randrange(JITTER_SECONDS))
        place, subreddit = dice.randrange(TEXTS), dice.choice(SUBREDDITS)
        author = f"author{dice.randrange(AUTHORS)}"
        marked = [word for word, share in WORDS.items() if dice.random() < share]
        title = " ".join(["About", *marked, "and more"])
        name = f"t3_m{number:x}"
        row = [
            FIRST_ID + 10 * after + number,
            project_id,
            name,
            subreddit,
            title,
            author,
            texts[place],
            "https://e.org/",
        ]
        row += [f"/r/{subreddit}/comments/{name}/x/", "e.org", int(dice.paretovariate(0.8)), 0.9]
        row += [dice.randrange(500), None, False, False, False, False, True, "text", None, "[]"]
        row += [None, None, None, created_at, created_at, "native_json"]
        names = [name_token(project_id, "subreddit", subreddit)]
        names += [name_token(project_id, "author", author), project_token(project_id)]
        yield row, created_at, [*names, *(marks[word] for word in marked), *tokens[place]]


def _texts(dice: random.Random) -> list[str]:
    vocabulary = [f"w{number}" for number in range(VOCABULARY)]
    weights = [1 / (number + 1) for number in range(VOCABULARY)]
    sizes = [int(dice.lognormvariate(4.3, 0.8)) + 5 for _ in range(TEXTS)]
    return [" ".join(dice.choices(vocabulary, weights, k=size)) for size in sizes]


def _chunks(
    project_id: int, count: int, after: int
) -> Iterator[list[tuple[list[Any], datetime, list[str]]]]:
    chunk = []
    for row in _rows(project_id, count, after):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


def _fill_sqlite(project_id: int, count: int, after: int, *, with_words: bool) -> None:
    from django.db import connection

    from scraper.search import row_number

    connection.ensure_connection()
    database = connection.connection
    posts = f"INSERT INTO scraper_scrapedpost ({', '.join(COLUMNS)}) VALUES ({_marks(COLUMNS)})"
    documents = f"INSERT INTO scraper_postdocument VALUES ({_marks(DOCUMENT)})"
    words = "INSERT INTO scraper_postwords (rowid, words) VALUES (?, ?)"
    for chunk in _chunks(project_id, count, after):
        database.execute("BEGIN")
        database.executemany(posts, [[_plain(value) for value in row] for row, _, _ in chunk])
        indexed = [(row[0], at, " ".join(tokens)) for row, at, tokens in chunk if with_words]
        packed = [(i, _plain(at), b"", zlib.compress(text.encode(), 1)) for i, at, text in indexed]
        database.executemany(documents, packed)
        database.executemany(words, sorted((row_number(at, i), text) for i, at, text in indexed))
        database.execute("COMMIT")


def _marks(columns: list[str]) -> str:
    return ", ".join(["?"] * len(columns))


def _plain(value: Any) -> Any:
    return value.isoformat(" ")[:19] if isinstance(value, datetime) else value


def _fill_postgresql(project_id: int, count: int, after: int, *, with_words: bool) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'document_words'")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX document_words")
        for chunk in _chunks(project_id, count, after):
            posts = f"COPY scraper_scrapedpost ({', '.join(COLUMNS)}) FROM STDIN"
            with cursor.copy(posts) as copy:
                for row, _, _ in chunk:
                    copy.write_row(row)
            documents = f"COPY scraper_postdocument ({', '.join(DOCUMENT)}) FROM STDIN"
            with cursor.copy(documents) as copy:
                for row, at, tokens in chunk if with_words else ():
                    copy.write_row((row[0], at, b"", _tsvector(tokens)))
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(definition)


def _tsvector(tokens: list[str]) -> str:
    places: dict[str, list[str]] = {}
    for place, token in enumerate(tokens, start=1):
        places.setdefault(token, []).append(str(place))
    return " ".join(f"'{token}':{','.join(at)}" for token, at in places.items())
