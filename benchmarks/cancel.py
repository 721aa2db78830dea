"""Cancel while upstream hangs: from the request to the `cancelled` frame at the client.

    python -m benchmarks.cancel --engine sqlite|postgres

`stalled` of the simulated Reddit accepts the connection and never answers.
"""

import time
from typing import Any

from benchmarks.harness import chosen_engine, report, running_servers, sign_in, summary
from tests.sse import Stream

RUNS = 100
# DESIGN, section 8.
TARGET_P99_MS = 1000.0


def main() -> None:
    """Run and report."""
    engine = chosen_engine(__doc__)
    with running_servers(engine, workers=0) as stack:
        client, project = sign_in(stack)
        latencies = [_cancel_once(client, project, stack.url) for _ in range(RUNS)]
    figures = summary(latencies)
    report(
        "cancel",
        passed=figures["p99"] < TARGET_P99_MS,
        engine=engine,
        runs=RUNS,
        milliseconds=figures,
        target={"p99": TARGET_P99_MS},
    )


def _cancel_once(client: Any, project: int, url: str) -> float:
    wish = {"project": project, "mode": "stream", "backend": "sandbox", "subreddits": ["stalled"]}
    job = client.post("/api/scraper/jobs/", json=wish).raise_for_status().json()["id"]
    headers = {"Authorization": client.headers["Authorization"]}
    with Stream(f"{url}/api/scraper/jobs/{job}/stream/", headers, timeout=60) as stream:
        messages = stream.messages()
        # The target's change to `running` comes right before the request that hangs.
        next(message for message in messages if message.event == "target")
        asked_at = time.monotonic()
        client.post(f"/api/scraper/jobs/{job}/cancel/", json={}).raise_for_status()
        next(message for message in messages if message.event == "cancelled")
        return 1000 * (time.monotonic() - asked_at)


if __name__ == "__main__":
    main()
