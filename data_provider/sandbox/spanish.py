"""Puts the words of the simulated pages into Spanish: what is said there, not how it is built."""

from __future__ import annotations

import re

# Each with a sign of markup in it, which no escaped text of a user's has.
WORDS = (
    ('<html lang="en">', '<html lang="es">'),
    (">next</a>", ">siguiente</a>"),
    (">view more: <", ">ver más: <"),
    ('<span class="word">points</span>', '<span class="word">puntos</span>'),
    ("% upvoted)</div>", "\u00a0% votos positivos)</div>"),
    ('<span class="word">readers</span>', '<span class="word">lectores</span>'),
    (">a community for <", ">una comunidad desde hace <"),
    (">years</time>", ">años</time>"),
    (">submitted <time", ">enviado <time"),
    (" by <a class=", " por <a class="),
    (" by [deleted]</p>", " por [eliminado]</p>"),
    ("<em>[deleted]</em>", "<em>[eliminado]</em>"),
    (" points</span>", " puntos</span>"),
    (">[score hidden]<", ">[puntuación oculta]<"),
    (">then</time>", ">hace un rato</time>"),
    (">continue this thread<", ">continuar esta conversación<"),
    (">load more comments<", ">cargar más comentarios<"),
    (" replies)</span>", " respuestas)</span>"),
    ('arialabel="Comment from ', 'arialabel="Comentario de '),
    ("<p>Comment deleted by user</p>", "<p>Comentario eliminado por el usuario</p>"),
    (">there doesn't seem to be anything here<", ">parece que no hay nada por aquí<"),
)
_NUMBER = re.compile(r'(?<=<span class="number">)[\d,]+(?=</span>)')


def in_spanish(page: str) -> str:
    """Return a page or a part of one as a Spanish reader sees it."""
    for word, other in WORDS:
        page = page.replace(word, other)
    return _NUMBER.sub(lambda match: match[0].replace(",", "."), page)
