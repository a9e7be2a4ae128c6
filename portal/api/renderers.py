"""What an endpoint answers with. Each has one media type, so `Accept` chooses nothing and is not read."""

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

ENVELOPE_MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"


class OneTypeNegotiation(BaseContentNegotiation):
    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class EnvelopeRenderer(BaseRenderer):
    """A signed envelope, byte for byte as it was signed: its signature covers bytes, not their meaning."""

    media_type = ENVELOPE_MEDIA_TYPE
    format = "dsse"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: bytes,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return data


class TextRenderer(BaseRenderer):
    """A text that programs check byte for byte: a proof, a signed checkpoint."""

    media_type = "text/plain"
    format = "text"
    charset = "utf-8"
    render_style = "binary"

    def render(
        self,
        data: str,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return data.encode()


class PdfRenderer(EnvelopeRenderer):
    """A signed document, byte for byte as it was signed."""

    media_type = "application/pdf"
    format = "pdf"
