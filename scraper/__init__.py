"""Scraping jobs, the posts they store, and the streams that show them."""
