"""Django's admin as an app of this portal. Apart from its site, which needs the models to be there."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Stands in INSTALLED_APPS in place of "django.contrib.admin"."""

    default_site = "portal.accounts.admin_site.PortalAdminSite"
