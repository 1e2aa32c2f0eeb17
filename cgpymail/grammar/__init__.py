"""Sans-IO protocol grammars: bytes to typed values and back."""
