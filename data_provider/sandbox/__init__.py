"""A simulated Reddit: the demo, the test bed and the load generator of the product."""

from data_provider.sandbox.app import create_app
from data_provider.sandbox.server import serve

__all__ = ["create_app", "serve"]
