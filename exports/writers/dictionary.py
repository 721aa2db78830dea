"""What the columns mean, for people who were not there when they were made."""

# By column, or by table and column where the same word means something else.
_MEANINGS = {
    "id": "Reddit's fullname: t3_ for posts and t1_ for comments",
    "post_id": "Fullname of the post that was commented on",
    "parent_id": "Fullname of the post or comment that was answered",
    "depth": "0 for an answer to the post itself",
    "subreddit": "Name without r/",
    "title": "Title as plain text",
    "author": "User name or pseudonym; empty when deleted",
    "selftext": "Text of the post as Markdown; empty when there is none or it is gone",
    "body": "Text of the comment as Markdown",
    "url": "What the post links to",
    "permalink": "Path of the page below Reddit's address",
    "domain": "Host of the link",
    "score": "Votes up less votes down when fetched; Reddit blurs it",
    "upvote_ratio": "Share of votes up: 0 to 1",
    "num_comments": "Comments by Reddit's count",
    "flair": "Label of the post",
    "over_18": "For adults only",
    "spoiler": "Marked as a spoiler",
    "stickied": "Pinned by moderators",
    "locked": "Closed for comments",
    "is_self": "A text rather than a link",
    "post_type": "text link image gallery video poll or crosspost",
    "thumbnail": "Address of the small picture",
    "media": "Pictures and films as JSON",
    "crosspost_parent": "Fullname of the post that was crossposted",
    "removed": "deleted by its author or removed by others; else empty",
    "edited_at": "When it was last edited; empty when never or unknown",
    "created_at": "When it was published",
    "fetched_at": "When Teppan last saw it",
    "backend": "Source it came from",
    "comments_fetched": "Comments that Teppan holds",
    "comments_expected": "Comments that Reddit announced when they were fetched",
    "comments_fetched_at": "When the comments were last fetched",
    "is_submitter": "By the author of the post",
    "distinguished": "moderator or admin when spoken as such",
    "posts": "Number of posts in this export",
    "comments": "Sum of num_comments",
    "mean_score": "Mean of the known scores",
    "first_post_at": "Oldest post in this export",
    "last_post_at": "Newest post in this export",
    "term": "A word, or two words side by side, in small letters; English stop words are left out",
    "count": "Number of posts",
    "keywords.score": "TF-IDF: count * ln(posts / count): 0 for what every post says",
    "post_ids": "Fullnames of the first such posts as JSON",
    "date": "The day of the posts in UTC",
    "scored": "Posts with a word of the lexicon; the others count as 0",
    "mean": "Mean of the posts' sentiment by VADER: -1 to 1",
    "positive": "Posts whose sentiment is 0.05 or more",
    "neutral": "Posts between these two",
    "negative": "Posts whose sentiment is -0.05 or less",
}

# Before the names of a comment's columns on its post's row.
COMMENT_PREFIX = "comment_"


def meaning_of(table: str, name: str) -> str:
    """Return what a column means; one of a comment that stands on its post's row, too."""
    if meaning := _MEANINGS.get(f"{table}.{name}"):
        return meaning
    plain = name.removeprefix(COMMENT_PREFIX)
    if plain != name and plain in _MEANINGS:
        return f"Of the comment: {_MEANINGS[plain]}"
    return _MEANINGS.get(name, "")
