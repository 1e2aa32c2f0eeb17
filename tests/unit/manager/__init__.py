"""Tests of cgpymail.manager."""
