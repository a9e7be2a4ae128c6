"""The pages of the portal: views, forms, templates and static files; no model and no rule of its own."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "portal.web"
    label = "web"
