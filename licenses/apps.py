"""Licenses, requests and grants as a Django app."""

from django.apps import AppConfig


class LicensesConfig(AppConfig):
    name = "licenses"
    label = "licenses"
    verbose_name = "Licenses"
