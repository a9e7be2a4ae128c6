"""`python -m tests.audits.pages`: write docs/reference/asvs.md and limits.md again."""

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.test")
    django.setup()
    from tests.audits import asvs, limits_page

    asvs.PAGE.write_text(asvs.page(asvs.read()))
    limits_page.PAGE.write_text(limits_page.page())


if __name__ == "__main__":
    main()
