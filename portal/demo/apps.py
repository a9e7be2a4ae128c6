"""The demonstration: the main job for real, on one machine. Installed by the embedded settings alone."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "portal.demo"
    label = "demo"
