"""Tests of cgpymail.model."""
