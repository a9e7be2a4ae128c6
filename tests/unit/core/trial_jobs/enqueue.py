"""Make the database where there is none, and enqueue one job: python -m … KIND PATH."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    from portal.core import jobs

    call_command("migrate", verbosity=0)
    jobs.enqueue(sys.argv[1], {"path": sys.argv[2]})
