"""The HTTP API, version 1: authentication, serializers, pagination, schema. It decides nothing itself."""
