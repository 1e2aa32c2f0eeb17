"""The cgpymail tool for administrators."""
