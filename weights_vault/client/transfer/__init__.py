"""The download engine: parts over keep-alive connections, checked, opened, written, journaled, resumable
after a kill.
"""
