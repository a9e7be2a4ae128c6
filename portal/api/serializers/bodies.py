"""What callers send. In a body a field that is not named here is refused, never set and never overlooked."""

from math import isfinite
from typing import Any

from rest_framework import serializers

from licenses.actions.closing import MOST_COPIES
from weights_vault.actions.prepared_moves import MAX_REASON_CHARACTERS

MAX_FILES = 500
MAX_RELEASES = 50
MAX_RECIPIENT_CHARACTERS = 4_096
MAX_TEXT_CHARACTERS = 20_000
DIGEST_PATTERN = r"^[0-9a-f]{64}\Z"


class BodySerializer(serializers.Serializer[Any]):
    """Refuses unknown fields: a misspelled one is a mistake, `status` or `approved_by` an attempt."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = [name for name in data if name not in self.fields] if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError(
                {name[:100]: ["There is no such field here."] for name in unknown[:20]}
            )
        return super().to_internal_value(data)


class NothingBody(BodySerializer):
    pass


class _SaidBody(BodySerializer):
    evidence = serializers.DictField(
        child=serializers.JSONField(),
        required=False,
        help_text="Who the applicant is, where no institution's mail says so: `profiles`, addresses of pages"
        " that begin with https://, and `references`, each `{name, email, relation}`.",
    )


class DraftBody(_SaidBody):
    release = serializers.SlugField(max_length=100, required=False)
    releases = serializers.ListField(
        child=serializers.SlugField(max_length=100),
        required=False,
        min_length=1,
        max_length=MAX_RELEASES,
        help_text="Several of one model under the same terms, instead of `release`.",
    )
    answers = serializers.DictField(child=serializers.JSONField(), default=dict)

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if ("release" in body) == ("releases" in body):
            raise serializers.ValidationError({"release": ["Name one release, or several as `releases`."]})
        return body


class AnswersBody(_SaidBody):
    answers = serializers.DictField(child=serializers.JSONField(), required=False)
    summary_of_use = serializers.CharField(
        max_length=MAX_TEXT_CHARACTERS,
        required=False,
        allow_blank=True,
        help_text="Of a renewal: what was done with the weights so far.",
    )


class SubmitBody(BodySerializer):
    # Absent and wrong are one case: the caller has not read the text in force (409, which shows it).
    license_sha256 = serializers.CharField(
        max_length=64,
        default="",
        allow_blank=True,
        help_text="SHA-256 of the license text that the applicant read.",
    )


class AppealBody(BodySerializer):
    text = serializers.CharField(max_length=MAX_TEXT_CHARACTERS)


class MessageBody(BodySerializer):
    text = serializers.CharField(max_length=MAX_TEXT_CHARACTERS, trim_whitespace=False)
    asks = serializers.BooleanField(default=False, help_text="Of staff: a question that must be answered.")


class PartyBody(BodySerializer):
    role = serializers.ChoiceField(["co_applicant", "signatory"])
    email = serializers.CharField(max_length=254, help_text="Whoever has it verified may answer.")
    full_name = serializers.CharField(max_length=200)


class VoteBody(BodySerializer):
    version = serializers.IntegerField(min_value=1, max_value=1_000_000)
    verdict = serializers.ChoiceField(["approve", "reject", "request_changes"])
    reason = serializers.CharField(
        max_length=MAX_TEXT_CHARACTERS, default="", allow_blank=True, help_text="The applicant reads it."
    )
    note = serializers.CharField(
        max_length=MAX_TEXT_CHARACTERS, default="", allow_blank=True, help_text="Reviewers alone read it."
    )


class MoveBody(BodySerializer):
    move = serializers.ChoiceField(["quarantine", "restore", "withdraw"])
    reason = serializers.CharField(
        max_length=MAX_REASON_CHARACTERS,
        help_text="Everybody who was given headers reads it, by mail; so does who looks at the release.",
    )


class CloseOutBody(BodySerializer):
    copies = serializers.IntegerField(
        min_value=0, max_value=MOST_COPIES, help_text="How many there were, in every place; none is 0."
    )
    method = serializers.CharField(
        max_length=MAX_TEXT_CHARACTERS, help_text="How they were destroyed, in words."
    )
    destroyed_on = serializers.DateField(help_text="The day of the last one, UTC.")


class KeyBody(BodySerializer):
    # Not trimmed: whether a recipient is written canonically is for its parser to say.
    recipient = serializers.CharField(max_length=MAX_RECIPIENT_CHARACTERS, trim_whitespace=False)
    name = serializers.CharField(max_length=100)


class ProofBody(BodySerializer):
    answer = serializers.RegexField(DIGEST_PATTERN, help_text="HMAC-SHA256 over the challenge, hex.")


class _FilesBody(BodySerializer):
    revision = serializers.CharField(max_length=64, help_text="Name of the revision, `v1`.")
    files = serializers.ListField(
        child=serializers.CharField(max_length=40),
        min_length=1,
        max_length=MAX_FILES,
        help_text="`fil_…`, each once.",
    )

    def validate_files(self, files: list[str]) -> list[str]:
        if len(set(files)) != len(files):
            raise serializers.ValidationError("A file stands in it twice.")
        return files


MOST_BYTES = 2**50  # a JSON number is refused above 2**53
MOST_SECONDS = 10 * 366 * 86_400
CLIENT_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z._+-]{0,31}/[0-9A-Za-z._+-]{1,31}\Z"


class ReceiptBody(BodySerializer):
    revision = serializers.CharField(max_length=64, help_text="Name of the revision, `v1`.")
    event = serializers.ChoiceField(
        ["completed", "verified", "opened"],
        help_text="`completed`: every part is here, was checked against its digest and opened.",
    )
    files = serializers.IntegerField(min_value=1, max_value=1_000_000)
    bytes = serializers.IntegerField(min_value=0, max_value=MOST_BYTES, help_text="Of these files, as kept.")
    fetched_bytes = serializers.IntegerField(
        min_value=0, max_value=MOST_BYTES, help_text="That came over the network."
    )
    again_bytes = serializers.IntegerField(
        min_value=0, max_value=MOST_BYTES, help_text="Of those, fetched a second time."
    )
    seconds = serializers.FloatField(min_value=0, max_value=MOST_SECONDS)
    client = serializers.RegexField(CLIENT_PATTERN, help_text="Name and version, `weights/1.0`.")

    def validate_seconds(self, seconds: float) -> float:
        if not isfinite(seconds):  # "nan", which is neither less nor more than anything
            raise serializers.ValidationError("This is no number of seconds.")
        return seconds


class ManifestQuery(serializers.Serializer[Any]):
    revision = serializers.CharField(
        max_length=64, required=False, help_text="Name of a revision; the current one unless told."
    )


class HeadersBody(_FilesBody):
    key = serializers.CharField(
        max_length=40, help_text="`key_…`: the recipient key that the headers are for."
    )


class UrlsBody(_FilesBody):
    pass
