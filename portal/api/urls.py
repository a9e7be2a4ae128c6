"""Version 1 of the API, under /api/v1/. Its names are promises: an address, once given, stays."""

from django.urls import path, re_path

from portal.api.views import (
    delivery,
    grants,
    keys,
    ledger,
    me,
    missing,
    pending,
    releases,
    renewals,
    request_moves,
    requests,
    trust,
)
from portal.api.views.schema import SchemaView

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("trust", trust.TrustView.as_view(), name="api-trust"),
    path("me", me.MeView.as_view(), name="api-me"),
    path("me/token", me.MyTokenView.as_view(), name="api-my-token"),
    path("releases", releases.ReleasesView.as_view(), name="api-releases"),
    path("releases/<slug:slug>", releases.ReleaseView.as_view(), name="api-release"),
    path("releases/<slug:slug>/head", releases.HeadView.as_view(), name="api-head"),
    path("licenses/<slug:license_id>", releases.LicenseView.as_view(), name="api-license"),
    path("requests", requests.RequestsView.as_view(), name="api-requests"),
    path("requests/<slug:request_id>", requests.RequestDetailView.as_view(), name="api-request"),
    path("requests/<slug:request_id>/submit", request_moves.SubmitView.as_view(), name="api-submit"),
    path("requests/<slug:request_id>/nudge", request_moves.NudgeView.as_view(), name="api-nudge"),
    path("requests/<slug:request_id>/withdraw", request_moves.WithdrawView.as_view(), name="api-withdraw"),
    path("requests/<slug:request_id>/appeal", request_moves.AppealView.as_view(), name="api-appeal"),
    path("requests/<slug:request_id>/sign", request_moves.SignView.as_view(), name="api-sign"),
    path("requests/<slug:request_id>/votes", request_moves.VoteView.as_view(), name="api-votes"),
    path("grants", grants.GrantsView.as_view(), name="api-grants"),
    path("grants/<slug:grant_id>", grants.GrantDetailView.as_view(), name="api-grant"),
    path("grants/<slug:grant_id>/renew", renewals.RenewView.as_view(), name="api-renew"),
    path("grants/<slug:grant_id>/manifest", delivery.ManifestView.as_view(), name="api-manifest"),
    path("grants/<slug:grant_id>/headers", delivery.HeadersView.as_view(), name="api-headers"),
    path("grants/<slug:grant_id>/urls", delivery.UrlsView.as_view(), name="api-urls"),
    path("grants/<slug:grant_id>/receipts", ledger.ReceiptsView.as_view(), name="api-receipts"),
    path("ledger", ledger.LedgerView.as_view(), name="api-ledger"),
    path("ledger.csv", ledger.LedgerCsvView.as_view(), name="api-ledger-csv"),
    path("keys", keys.KeysView.as_view(), name="api-keys"),
    path("keys/<slug:key_id>", keys.KeyView.as_view(), name="api-key"),
    path("keys/<slug:key_id>/proof", keys.KeyProofView.as_view(), name="api-key-proof"),
    path("pending-actions/<slug:action_id>", pending.PendingActionView.as_view(), name="api-pending-action"),
    re_path(r"", missing.MissingView.as_view(), name="api-missing"),
]
