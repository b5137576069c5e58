"""`--encoder` and `--weights`, as `mretrieve index` and `mretrieve query` take them."""

from __future__ import annotations

from mretrieve.errors import QueryError


def given_weights(text: str | None) -> list[float] | None:
    """The numbers of "0.7,0.3"; None where the option is not given. QueryError: something in it is no number."""
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise QueryError(f"--weights {text!r}: write a number for each encoder, as in --weights 0.7,0.3") from None
