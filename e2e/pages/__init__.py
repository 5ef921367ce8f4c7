"""The page's parts by the names that a person (or a screen reader) knows them by."""
