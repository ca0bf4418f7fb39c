"""Numbers with their nouns."""


def counted(count: int, noun: str) -> str:
    """`1 picture`, `2 pictures`; for nouns that only take an s."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
