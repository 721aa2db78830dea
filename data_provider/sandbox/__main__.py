"""`python -m data_provider.sandbox`: the simulated Reddit alone."""

from __future__ import annotations

import argparse

from data_provider.sandbox.server import serve


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="data_provider.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    serve(options.host, options.port, options.seed)


if __name__ == "__main__":
    main()
