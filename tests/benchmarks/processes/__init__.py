"""What runs in processes of its own while a row is measured."""
