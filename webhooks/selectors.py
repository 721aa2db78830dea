"""Reads endpoints and deliveries as the outside sees them."""
