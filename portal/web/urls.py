"""The pages' addresses. Names are shared with mails and the API.

Every part that varies is a slug, as ids are: what no id can be finds nothing (PostgreSQL fails on a NUL).
"""

from django.urls import path

from portal.web.views import (
    account,
    grants,
    keys,
    ledger,
    pending,
    releases,
    requests,
    review,
    revisions,
    signing,
    site,
    staff_grants,
    tokens,
)

urlpatterns = [
    path("", releases.index, name="home"),
    path("releases/<slug:slug>/", releases.detail, name="release"),
    path("releases/<slug:slug>/request/", requests.new, name="request_form"),
    path("releases/<slug:slug>/revisions/", revisions.index, name="revisions"),
    path("releases/<slug:slug>/revisions/<slug:revision_id>/", revisions.change, name="revision_change"),
    path("requests/", requests.index, name="requests"),
    path("requests/<slug:request_id>/", requests.detail, name="request_detail"),
    path("requests/<slug:request_id>/edit/", requests.edit, name="request_edit"),
    path("requests/<slug:request_id>/nudge/", requests.nudge, name="request_nudge"),
    path("requests/<slug:request_id>/withdraw/", requests.withdraw, name="request_withdraw"),
    path("requests/<slug:request_id>/appeal/", requests.appeal, name="request_appeal"),
    path("requests/<slug:request_id>/sign/", signing.sign, name="request_sign"),
    path("licenses/<slug:license_id>/", site.license_text, name="license"),
    path("grants/", grants.index, name="grants"),
    path("grants/<slug:grant_id>/", grants.detail, name="grant_detail"),
    path("grants/<slug:grant_id>/renew/", grants.renew, name="grant_renew"),
    path("account/", account.details, name="account_details"),
    path("keys/", keys.index, name="keys"),
    path("keys/<slug:key_id>/remove/", keys.remove, name="key_remove"),
    path("tokens/", tokens.index, name="tokens"),
    path("tokens/<slug:token_id>/end/", tokens.end, name="token_end"),
    path("pending/<slug:action_id>/", pending.decide, name="pending_action"),
    path("review/", review.queue, name="queue"),
    path("review/grants/", staff_grants.index, name="staff_grants"),
    path("review/grants/<slug:grant_id>/", staff_grants.change, name="staff_grant_change"),
    path("review/<slug:request_id>/", review.detail, name="review"),
    path("review/<slug:request_id>/vote/", review.vote, name="review_vote"),
    path("ledger/", ledger.index, name="ledger"),
    path("ledger/alerts/<slug:alert_id>/", ledger.alert, name="ledger_alert"),
    path("ledger/<slug:grant_id>/", ledger.detail, name="ledger_grant"),
    path("about/", site.about, name="about"),
    path("theme/", site.theme, name="theme"),
    path("keyboard/", site.keyboard, name="keyboard"),
]
