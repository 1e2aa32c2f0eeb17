"""Tests of cgpymail."""
