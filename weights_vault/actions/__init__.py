"""One verb, one function: keyword-only, one transaction, the policy asked, the audit event written in it."""
