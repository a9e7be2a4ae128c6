"""The ledger of deliveries takes the place of the ledger of single headers; its rows move over, none is lost."""

from itertools import groupby
from operator import attrgetter

import django.db.models.expressions
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

import weights_vault.models.alerts
from weights_vault import immutable
from weights_vault.ledger import filesets

BATCH = 1000
DIGEST_SIZE = 32
batch_of = attrgetter("grant", "revision", "key", "at")


def group_headers(apps, schema_editor):
    """Every batch of headers becomes one entry: same grant, revision, key and moment."""
    issues = apps.get_model("weights_vault", "HeaderIssue").objects.order_by(
        "at", "grant", "revision", "key", "id"
    )
    made, revisions = [], {}
    owners = dict(
        apps.get_model("weights_vault", "RecipientKey").objects.values_list("id", "user__public_id")
    )
    for (grant, revision, key, at), rows in groupby(issues.iterator(chunk_size=BATCH), key=batch_of):
        if revision not in revisions:
            revisions[revision] = files_of(apps, revision)
        entry = {"grant": grant, "revision": revision, "key": key, "at": at, "person": owners.get(key, "")}
        made += [{**entry, **batch} for batch in batches(list(rows), revisions[revision])]
        if len(made) >= BATCH:
            write(apps, made)
            made = []
    write(apps, made)
    add_holdings(apps)


def files_of(apps, revision):
    """File id → (its number in the manifest, sealed bytes)."""
    rows = apps.get_model("weights_vault", "File").objects.filter(revision=revision)
    listed = sorted(rows.values_list("path", "id", "body__body_size"))
    return {file: (ordinal, size) for ordinal, (_, file, size) in enumerate(listed)}


def batches(rows, files):
    """The rows of one moment, as batches in which no file stands twice."""
    while rows:
        first, later = {}, []
        for row in rows:
            if row.file in first:
                later.append(row)
            first.setdefault(row.file, row)
        ordered = sorted(first.values(), key=lambda row: files[row.file][0])
        yield {
            "files": filesets.pack(files[row.file][0] for row in ordered),
            "digests": b"".join(bytes.fromhex(row.header_sha256) for row in ordered),
            "count": len(ordered),
            "size": sum(files[row.file][1] for row in ordered),
        }
        rows = later


def write(apps, made):
    model = apps.get_model("weights_vault", "LedgerEntry")
    model.objects.bulk_create([model(kind="headers", **entry) for entry in made], batch_size=BATCH)


def add_holdings(apps):
    """The running sums of what moved over."""
    releases = dict(apps.get_model("weights_vault", "Revision").objects.values_list("id", "release__slug"))
    model, sums = apps.get_model("weights_vault", "Holding"), {}
    for entry in (
        apps.get_model("weights_vault", "LedgerEntry").objects.order_by("at", "id").iterator(chunk_size=BATCH)
    ):
        holding = sums.setdefault(
            (entry.grant, entry.revision),
            model(
                grant=entry.grant,
                revision=entry.revision,
                release=releases[entry.revision],
                first_at=entry.at,
                stirred=False,
            ),
        )
        holding.person, holding.last_at, holding.watched_to = entry.person, entry.at, entry.at
        holding.files = filesets.union(holding.files, entry.files)
        holding.file_count = filesets.size(holding.files)
    model.objects.bulk_create(sums.values(), batch_size=BATCH)


def ungroup_headers(apps, schema_editor):
    """Backwards: one row a header again. What the old ledger did not know, URLs and reports, is lost."""
    model = apps.get_model("weights_vault", "HeaderIssue")
    for entry in (
        apps.get_model("weights_vault", "LedgerEntry")
        .objects.filter(kind="headers")
        .order_by("at", "id")
        .iterator(chunk_size=BATCH)
    ):
        files = list(files_of(apps, entry.revision))
        digests = bytes(entry.digests)
        model.objects.bulk_create(
            model(
                grant=entry.grant,
                revision=entry.revision,
                key=entry.key,
                at=entry.at,
                file=files[ordinal],
                header_sha256=digests[place * DIGEST_SIZE : (place + 1) * DIGEST_SIZE].hex(),
            )
            for place, ordinal in enumerate(filesets.unpack(entry.files))
        )


class Migration(migrations.Migration):
    dependencies = [
        ("weights_vault", "0002_published_immutable"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=weights_vault.models.alerts.alert_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rule", models.CharField(max_length=32)),
                ("grant", models.CharField(max_length=40)),
                ("person", models.CharField(max_length=40)),
                ("release", models.CharField(help_text="Slug.", max_length=100)),
                ("measured", models.FloatField()),
                ("threshold", models.FloatField()),
                ("span", models.BigIntegerField()),
                ("from_at", models.DateTimeField()),
                ("to_at", models.DateTimeField()),
                ("raised_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("acknowledged", "Looked at")],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("acknowledged_by", models.CharField(blank=True, max_length=40)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-raised_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Holding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("grant", models.CharField(max_length=40)),
                ("revision", models.CharField(max_length=40)),
                ("release", models.CharField(help_text="Slug.", max_length=100)),
                ("person", models.CharField(max_length=40)),
                ("files", models.BinaryField(default=bytes)),
                ("file_count", models.PositiveIntegerField(default=0)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("stirred", models.BooleanField(default=True)),
                ("watched_to", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-last_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("manifest", "Manifest given"),
                            ("headers", "Headers given"),
                            ("urls", "URLs given"),
                            ("completed", "Reported complete"),
                            ("verified", "Reported verified"),
                            ("opened", "Reported opened"),
                        ],
                        max_length=16,
                    ),
                ),
                ("grant", models.CharField(max_length=40)),
                ("revision", models.CharField(max_length=40)),
                ("person", models.CharField(max_length=40)),
                ("key", models.CharField(blank=True, max_length=40)),
                ("files", models.BinaryField(default=bytes)),
                ("count", models.PositiveIntegerField(default=0)),
                ("digests", models.BinaryField(default=bytes)),
                ("size", models.BigIntegerField(default=0)),
                ("lifetime_s", models.PositiveIntegerField(blank=True, null=True)),
                ("fetched", models.BigIntegerField(blank=True, null=True)),
                ("again", models.BigIntegerField(blank=True, null=True)),
                ("seconds", models.FloatField(blank=True, null=True)),
                ("client", models.CharField(blank=True, max_length=64)),
                ("origin", models.BigIntegerField(blank=True, null=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "ledger entries",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Origin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("grant", models.CharField(max_length=40)),
                ("day", models.DateField()),
                ("address", models.GenericIPAddressField()),
                ("network", models.CharField(max_length=43)),
            ],
            options={
                "ordering": ["-day", "id"],
            },
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["state", "-raised_at"], name="alert_state"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(fields=("rule", "grant", "span"), name="alert_once"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("acknowledged_at__isnull", True),
                        ("acknowledged_by", ""),
                        ("note", ""),
                        ("state", "open"),
                    ),
                    models.Q(
                        ("acknowledged_at__isnull", False),
                        ("state", "acknowledged"),
                        models.Q(("note", ""), _negated=True),
                        models.Q(("acknowledged_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="alert_note_with_its_author",
            ),
        ),
        migrations.AddIndex(
            model_name="holding",
            index=models.Index(fields=["-last_at", "-id"], name="holding_last"),
        ),
        migrations.AddIndex(
            model_name="holding",
            index=models.Index(fields=["release", "-last_at"], name="holding_release"),
        ),
        migrations.AddIndex(
            model_name="holding",
            index=models.Index(fields=["person"], name="holding_person"),
        ),
        migrations.AddIndex(
            model_name="holding",
            index=models.Index(
                condition=models.Q(("stirred", True)), fields=["grant"], name="holding_stirred"
            ),
        ),
        migrations.AddConstraint(
            model_name="holding",
            constraint=models.UniqueConstraint(fields=("grant", "revision"), name="holding_once"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["grant", "at"], name="ledger_grant"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["revision", "at"], name="ledger_revision"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["at"], name="ledger_at"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("kind", "headers")),
                fields=["revision", "grant", "key"],
                name="ledger_holders",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["manifest", "headers", "urls", "completed", "verified", "opened"])
                ),
                name="ledger_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length("digests"),
                            django.db.models.expressions.CombinedExpression(
                                models.F("count"), "*", models.Value(32)
                            ),
                        ),
                        ("kind", "headers"),
                        models.Q(("key", ""), _negated=True),
                    ),
                    models.Q(
                        django.db.models.lookups.Exact(django.db.models.functions.text.Length("digests"), 0),
                        ("key", ""),
                        models.Q(("kind", "headers"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="ledger_digest_a_header",
            ),
        ),
        migrations.AddIndex(
            model_name="origin",
            index=models.Index(fields=["day"], name="origin_day"),
        ),
        migrations.AddConstraint(
            model_name="origin",
            constraint=models.UniqueConstraint(fields=("grant", "day", "address"), name="origin_once"),
        ),
        migrations.RunPython(group_headers, ungroup_headers),
        migrations.RunPython(immutable.unprotect_header_issues, immutable.protect_header_issues),
        migrations.DeleteModel(name="HeaderIssue"),
        migrations.RunPython(immutable.protect_ledger, immutable.unprotect_ledger),
    ]
