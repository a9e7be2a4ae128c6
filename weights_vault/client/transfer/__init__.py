"""The download engine: parts over keep-alive connections, checked, opened, journaled, resumable."""
