"""What ends the demo."""


class DemoError(Exception):
    """A step of the demo did not do what it should; the message names the step and the page."""
