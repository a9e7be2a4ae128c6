"""No pages: the worker's system checks want a URLconf."""

urlpatterns: list[object] = []
