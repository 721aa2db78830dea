"""A simulated Reddit: the demo, the test bed and the load generator of the product.

It knows nothing of the rest of data_provider. Nothing is stored: a post is a function of (seed,
subreddit, index), so any page can be asked for at any time. The dialects tell the same posts:

==========================================  ================================================
/r/NAME/SORT.json, /comments/ID.json, ...   Reddit's public JSON
the same paths without .json                the official API, for a bearer token only
/r/NAME/SORT.rss, /comments/ID.rss          Atom feeds of 25 posts, or of a thread, flat
/www/r/NAME/SORT/, /www/.../comments/ID/... pages of www.reddit.com, its feed loading by script
/old/r/NAME/SORT/, /old/.../comments/ID/... pages of old.reddit.com
/api/posts/search, /api/subreddits/search   the archive, by date, of what was public once
POST /api/v1/access_token                   issues one, for tokens.SCRIPT_CLIENT by Basic auth
==========================================  ================================================

About 360 ordinary subreddits hold 400,000 posts (GET / lists them all); any other name is missing
(302 to the subreddit search, as Reddit does). These misbehave on purpose:

================  ==================================================================
private           403, reason private
banned            404, reason banned
quarantined       403, reason quarantined
empty, tiny       no posts; 7 posts
huge              a million posts and no wall at 1000
moving            `new` gains a post per request, pages repeat their neighbours' edge
slow, stalled     300 ms per page; the headers never come
ratelimited       429 with retry-after 2 on every second request
walled            403 with the block page
challenge         200 with a JS challenge shell
flaky             500 on every third request
truncated, reset  JSON cut in the middle; the connection drops in mid-body
relayout          JSON of a shape nobody knows
renamed           the known containers, with things that have other names now
cursorlost        every page after the first is empty
cursorlost_once   page 2 is empty, asked again it is there
deleted_anchor    every 25th post is gone as an anchor: the page after it is empty
oddities          every post has one of the odd shapes of oddities.py, in turn
surrogates        titles with lone surrogates
longthreads       threads of several hundred comments
bursts            forty posts in a second, again and again
captcha           200 with the page that asks to prove one's humanity
security          403 with the page of network security
welcome           200 with the page that greets a stranger
oldlogin          200 with old Reddit's demand for a log-in
adult             200 with the question for the reader's age
espanol           pages in Spanish
scrolling         a feed of www.reddit.com that only scrolling makes longer
================  ==================================================================

A browser is shown pages without /www as well, .json and .rss work behind it too. More faults are
scripted over HTTP: POST /_sandbox/faults takes a list of rules (rules.FaultRule has the fields),
DELETE forgets them, GET and DELETE /_sandbox/requests show and forget what was asked.
POST /_sandbox/tokens {"expires_in": 5} sets the life of further tokens, DELETE ends those issued.
"""

from data_provider.sandbox.app import create_app
from data_provider.sandbox.server import serve

__all__ = ["create_app", "serve"]
