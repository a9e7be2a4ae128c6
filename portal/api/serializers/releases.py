from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from licenses.models import ReleaseTerms
from portal.api.asking import Asking
from portal.api.serializers.access import AccessSerializer, access_of
from portal.api.serializers.licenses import LicenseSerializer
from portal.api.serializers.people import page_url
from portal.api.standing import Standing
from weights_vault.models import File, Release, Revision
from weights_vault.queries import published_of


class ModelSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()


class CurrentRevisionSerializer(serializers.Serializer[Revision]):
    name = serializers.CharField()
    sequence = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    size = serializers.IntegerField(source="plain_size", help_text="Plaintext bytes of all files.")
    files = serializers.IntegerField(source="file_count")


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    """A release and where the caller stands with it. Its context holds `standing`, a Standing."""

    model = ModelSerializer()
    strategy = serializers.SerializerMethodField()
    stage = serializers.SerializerMethodField()
    license = serializers.SerializerMethodField()
    revision = serializers.SerializerMethodField()
    access = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Release
        fields = [
            "slug",
            "title",
            "summary",
            "model",
            "strategy",
            "stage",
            "license",
            "revision",
            "access",
            "url",
        ]
        read_only_fields = fields

    @property
    def standing(self) -> Standing:
        standing: Standing = self.context["standing"]
        return standing

    @extend_schema_field(serializers.ChoiceField(ReleaseTerms.Strategy.values, allow_null=True))
    def get_strategy(self, release: Release) -> str | None:
        terms = self.standing.terms.get(release.pk)
        return terms.strategy if terms else None

    @extend_schema_field(serializers.ChoiceField(ReleaseTerms.Stage.values, allow_null=True))
    def get_stage(self, release: Release) -> str | None:
        terms = self.standing.terms.get(release.pk)
        return terms.stage if terms else None

    @extend_schema_field(LicenseSerializer(allow_null=True))
    def get_license(self, release: Release) -> dict[str, Any] | None:
        terms = self.standing.terms.get(release.pk)
        in_force = self.standing.licenses.get(terms.license_id) if terms else None
        return LicenseSerializer(in_force).data if in_force else None

    @extend_schema_field(CurrentRevisionSerializer(allow_null=True))
    def get_revision(self, release: Release) -> dict[str, Any] | None:
        published = published_of(release)
        return CurrentRevisionSerializer(published[0]).data if published else None

    @extend_schema_field(AccessSerializer)
    def get_access(self, release: Release) -> dict[str, Any]:
        return access_of(self.standing.verdicts[release.pk])

    def get_url(self, release: Release) -> str:
        return page_url("release", release.slug)


class QuestionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()
    why = serializers.CharField(default="", help_text="What the answer is needed for; may be empty.")
    kind = serializers.ChoiceField(["text", "long_text", "choice", "confirm"])
    required = serializers.BooleanField()  # type: ignore[assignment]
    choices = serializers.ListField(child=serializers.CharField())


class AskingSerializer(serializers.Serializer[Any]):
    """What a request for the release takes, and whether the caller may begin one now."""

    allowed = serializers.BooleanField()
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    next_step = serializers.CharField()
    evidence = serializers.ChoiceField(
        ["", "offered", "required"], help_text="Whether the caller must say who they are."
    )
    max_co_applicants = serializers.IntegerField()
    signatory = serializers.BooleanField(help_text="Somebody must sign for the institution.")
    quorum = serializers.IntegerField(help_text="How many reviewers must agree.")
    grant_days = serializers.IntegerField()
    target_days = serializers.IntegerField(help_text="Within how many days an answer is meant to come.")
    together = serializers.ListField(
        child=serializers.CharField(), help_text="Releases that the same request can ask for too."
    )
    earlier_answers = serializers.DictField(
        child=serializers.CharField(), help_text="What the caller last answered to the same questions."
    )


class RevisionSerializer(serializers.Serializer[Revision]):
    name = serializers.CharField()
    sequence = serializers.IntegerField()
    state = serializers.ChoiceField(["published", "quarantined", "withdrawn"])
    reason = serializers.CharField(source="state_reason", help_text="Why it was recalled, else empty.")
    published_at = serializers.DateTimeField()
    size = serializers.IntegerField(source="plain_size")


class FileSerializer(serializers.Serializer[File]):
    path = serializers.CharField()
    kind = serializers.CharField()
    size = serializers.IntegerField(help_text="Plaintext bytes.")


class ReleaseDetailSerializer(ReleaseSerializer):
    questions = serializers.SerializerMethodField()
    asking = serializers.SerializerMethodField()
    revisions = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta(ReleaseSerializer.Meta):
        fields = [*ReleaseSerializer.Meta.fields, "card", "questions", "asking", "revisions", "files"]
        read_only_fields = fields

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, release: Release) -> list[dict[str, Any]]:
        terms = self.standing.terms.get(release.pk)
        return list(QuestionSerializer(terms.questions, many=True).data) if terms else []

    @extend_schema_field(AskingSerializer(allow_null=True))
    def get_asking(self, release: Release) -> dict[str, Any] | None:
        asking: Asking | None = self.context["asking"]
        if asking is None:
            return None
        return {**AskingSerializer({**vars(asking), **access_of(asking.verdict)}).data}

    @extend_schema_field(RevisionSerializer(many=True))
    def get_revisions(self, release: Release) -> list[dict[str, Any]]:
        return list(RevisionSerializer(self.context["revisions"], many=True).data)

    @extend_schema_field(FileSerializer(many=True))
    def get_files(self, release: Release) -> list[dict[str, Any]]:
        return list(FileSerializer(self.context["files"], many=True).data)
