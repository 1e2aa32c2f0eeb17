"""Bytes of a message to facts: header fields, structure, envelope, sections, decoded text."""
