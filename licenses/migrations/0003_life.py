"""The whole life of a request: parties, the desk of legal staff, documents, reminders."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import licenses.models.agreements
import licenses.models.desk
import licenses.models.parties
import licenses.models.terms
from licenses.immutable import protect_license_versions, unprotect_license_versions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("licenses", "0002_license_versions_immutable"),
        ("weights_vault", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The table of license versions is rebuilt below, on SQLite without its triggers.
        migrations.RunPython(unprotect_license_versions, protect_license_versions),
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
            ],
            options={
                "ordering": ["starts_on"],
            },
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=licenses.models.agreements.agreement_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("pdf", models.BinaryField(blank=True, null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("level", models.CharField(blank=True, max_length=4)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("ordered_at", models.DateTimeField()),
                ("made_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["ordered_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="DestructionCertificate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("copies", models.PositiveIntegerField()),
                ("method", models.TextField()),
                ("destroyed_on", models.DateField()),
                ("typed_name", models.CharField(max_length=200)),
                ("how", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="LicenseDraft",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=licenses.models.terms.license_draft_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("terms", models.JSONField(blank=True, default=dict)),
                ("effective_at", models.DateTimeField(blank=True, null=True)),
                ("reaccept_by", models.DateTimeField(blank=True, null=True)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("updated_by", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["-updated_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="MasterAgreement",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=licenses.models.agreements.master_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("signatory_email", models.EmailField(max_length=254)),
                ("signatory_name", models.CharField(max_length=200)),
                ("typed_name", models.CharField(blank=True, max_length=200)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=64)),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="MasterMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("full_name", models.CharField(max_length=200)),
                ("added_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["email"],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=licenses.models.desk.message_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("message", "Message"), ("note", "Note for staff")], max_length=8
                    ),
                ),
                ("by_staff", models.BooleanField()),
                ("asks", models.BooleanField(default=False)),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Party",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=licenses.models.parties.party_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("co_applicant", "Co-applicant"), ("signatory", "Signatory")], max_length=16
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("full_name", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("invited", "Asked"),
                            ("joined", "Takes part"),
                            ("accepted", "Accepted the license"),
                            ("declined", "Said no"),
                            ("dropped", "No longer in it"),
                        ],
                        default="invited",
                        max_length=16,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["asked_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ReasonTemplate",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=licenses.models.desk.template_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("verdict", models.CharField(max_length=16)),
                ("title", models.CharField(max_length=80)),
                ("text", models.TextField()),
                ("updated_at", models.DateTimeField()),
                ("updated_by", models.CharField(max_length=64)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["verdict", "title"],
            },
        ),
        migrations.CreateModel(
            name="Recusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["at"],
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(max_length=80)),
                ("kind", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ReviewPace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("median_s", models.PositiveIntegerField()),
                ("p90_s", models.PositiveIntegerField()),
                ("count", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=licenses.models.desk.view_id,
                        editable=False,
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("query", models.CharField(blank=True, max_length=1000)),
                ("shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.AddField(
            model_name="grant",
            name="expired_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="grant",
            name="organization",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="grants",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="licenseversion",
            name="based_on",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="negotiated",
                to="licenses.licenseversion",
            ),
        ),
        migrations.AddField(
            model_name="licenseversion",
            name="organization",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="license_versions",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="licenseversion",
            name="reaccept_by",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="licenseversion",
            name="terms",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="releaseterms",
            name="max_co_applicants",
            field=models.PositiveSmallIntegerField(default=10),
        ),
        migrations.AddField(
            model_name="releaseterms",
            name="on_affiliation_end",
            field=models.CharField(
                choices=[
                    ("suspend", "The grant is suspended until staff decide"),
                    ("keep", "The grant stays with the person"),
                ],
                default="suspend",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="releaseterms",
            name="signatory",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="request",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="assigned_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="assignee",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assigned",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="nudged_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="organization",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="renews",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewals",
                to="licenses.request",
            ),
        ),
        migrations.AddField(
            model_name="request",
            name="search_text",
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name="request",
            name="signatory",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="requestversion",
            name="evidence",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="requestversion",
            name="summary_of_use",
            field=models.TextField(blank=True),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["state", "ends_at"], name="grant_ending"),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["organization", "state"], name="grant_of_organization"),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["organization", "-submitted_at"], name="request_of_organization"),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["assignee", "state"], name="request_of_assignee"),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(fields=["state", "decided_at"], name="request_decided"),
        ),
        migrations.AddConstraint(
            model_name="licenseversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reaccept_by__isnull", True),
                    ("reaccept_by__gte", models.F("effective_at")),
                    _connector="OR",
                ),
                name="license_version_reaccept_after",
            ),
        ),
        migrations.AddConstraint(
            model_name="licenseversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("based_on__isnull", True), ("organization__isnull", False), _connector="OR"
                ),
                name="license_version_based_on_negotiated",
            ),
        ),
        migrations.AddConstraint(
            model_name="releaseterms",
            constraint=models.CheckConstraint(
                condition=models.Q(("on_affiliation_end__in", ["suspend", "keep"])),
                name="terms_affiliation_rule_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="request",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("assigned_at__isnull", True), ("assignee__isnull", True)),
                    models.Q(("assigned_at__isnull", False), ("assignee__isnull", False)),
                    _connector="OR",
                ),
                name="request_assigned_has_date",
            ),
        ),
        migrations.AddField(
            model_name="absence",
            name="cover",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="absence",
            name="reviewer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="absences",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="acceptance",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agreement",
                to="licenses.acceptance",
            ),
        ),
        migrations.AddField(
            model_name="destructioncertificate",
            name="grant",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="certificate", to="licenses.grant"
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="certificate",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agreement",
                to="licenses.destructioncertificate",
            ),
        ),
        migrations.AddField(
            model_name="licensedraft",
            name="based_on",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="licenses.licenseversion",
            ),
        ),
        migrations.AddField(
            model_name="licensedraft",
            name="license",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="drafts", to="licenses.license"
            ),
        ),
        migrations.AddField(
            model_name="licensedraft",
            name="organization",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="masteragreement",
            name="license_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="licenses.licenseversion"
            ),
        ),
        migrations.AddField(
            model_name="masteragreement",
            name="organization",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="master_agreements",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="masteragreement",
            name="signatory",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="master",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agreement",
                to="licenses.masteragreement",
            ),
        ),
        migrations.AddField(
            model_name="mastermember",
            name="master",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="members",
                to="licenses.masteragreement",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="licenses.request"
            ),
        ),
        migrations.AddField(
            model_name="party",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="parties", to="licenses.request"
            ),
        ),
        migrations.AddField(
            model_name="party",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parties",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="reasontemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["approve", "reject", "request_changes", "grant"])),
                name="reason_template_verdict_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reasontemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("title", ""), _negated=True), models.Q(("text", ""), _negated=True)
                ),
                name="reason_template_whole",
            ),
        ),
        migrations.AddField(
            model_name="recusal",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="recusals", to="licenses.request"
            ),
        ),
        migrations.AddField(
            model_name="recusal",
            name="reviewer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recusals",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(fields=("subject", "kind"), name="reminder_once"),
        ),
        migrations.AddField(
            model_name="reviewpace",
            name="release",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="review_pace",
                to="weights_vault.release",
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="absence",
            index=models.Index(fields=["reviewer", "ends_on"], name="absence_of_reviewer"),
        ),
        migrations.AddConstraint(
            model_name="absence",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="absence_ends_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="absence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cover__isnull", True),
                    models.Q(("cover", models.F("reviewer")), _negated=True),
                    _connector="OR",
                ),
                name="absence_covered_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="destructioncertificate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("method", ""), _negated=True),
                    models.Q(("typed_name", ""), _negated=True),
                    models.Q(("how", ""), _negated=True),
                ),
                name="certificate_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="masteragreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("created_at"))), name="master_ends_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="masteragreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("signatory_email", django.db.models.functions.text.Lower(models.F("signatory_email")))
                ),
                name="master_email_lower",
            ),
        ),
        migrations.AddConstraint(
            model_name="masteragreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("signed_at__isnull", True),
                    models.Q(
                        ("signatory__isnull", False),
                        models.Q(("typed_name", ""), _negated=True),
                        django.db.models.lookups.Exact(django.db.models.functions.text.Length("sha256"), 64),
                    ),
                    _connector="OR",
                ),
                name="master_signed_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("acceptance__isnull", False), ("certificate__isnull", True), ("master__isnull", True)
                    ),
                    models.Q(
                        ("acceptance__isnull", True), ("certificate__isnull", False), ("master__isnull", True)
                    ),
                    models.Q(
                        ("acceptance__isnull", True), ("certificate__isnull", True), ("master__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="agreement_of_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("made_at__isnull", True), ("pdf__isnull", True)),
                    models.Q(
                        django.db.models.lookups.Exact(django.db.models.functions.text.Length("sha256"), 64),
                        ("level__in", ["B-B", "B-T"]),
                        ("made_at__isnull", False),
                        ("pdf__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="agreement_made_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="mastermember",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower(models.F("email")))),
                name="master_member_email_lower",
            ),
        ),
        migrations.AddConstraint(
            model_name="mastermember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("master", "email"),
                name="master_member_once",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["request", "at"], name="message_of_request"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["message", "note"])), name="message_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="message_says_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("asks", False), models.Q(("by_staff", True), ("kind", "message")), _connector="OR"
                ),
                name="message_question_by_staff",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "message"), ("by_staff", True), _connector="OR"),
                name="message_note_by_staff",
            ),
        ),
        migrations.AddIndex(
            model_name="party",
            index=models.Index(fields=["email", "state"], name="party_of_address"),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower(models.F("email")))),
                name="party_email_lower",
            ),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["co_applicant", "signatory"])), name="party_role_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["invited", "joined", "accepted", "declined", "dropped"])),
                name="party_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["joined", "accepted"]), _negated=True),
                    ("user__isnull", False),
                    _connector="OR",
                ),
                name="party_taking_part_has_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["declined", "dropped"]), _negated=True),
                fields=("request", "email"),
                name="party_once_a_request",
            ),
        ),
        migrations.AddConstraint(
            model_name="party",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("role", "signatory"), models.Q(("state__in", ["declined", "dropped"]), _negated=True)
                ),
                fields=("request",),
                name="party_one_signatory",
            ),
        ),
        migrations.AddConstraint(
            model_name="recusal",
            constraint=models.UniqueConstraint(fields=("request", "reviewer"), name="recusal_once"),
        ),
        migrations.AddConstraint(
            model_name="recusal",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="recusal_has_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewpace",
            constraint=models.CheckConstraint(
                condition=models.Q(("count__gte", 1)), name="review_pace_of_some"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="saved_view_name_once"),
        ),
        migrations.RunPython(protect_license_versions, unprotect_license_versions),
    ]
