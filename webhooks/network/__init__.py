"""The outbound guard: every request to an address that a person typed goes out through here.

`addresses` knows which addresses are dangerous, `guard` applies the rules, `resolving` looks names
up, `sender` sends, `answer` is what came back. Retries, records and limits per receiver are the
courier's.
"""

from webhooks.network.answer import CAPTURE_BYTES, Answer
from webhooks.network.guard import Policy, Refused, check_url
from webhooks.network.sender import Sender

__all__ = ["CAPTURE_BYTES", "Answer", "Policy", "Refused", "Sender", "check_url"]
