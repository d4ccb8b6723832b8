"""Numbers as they are written on a page, read back."""

_PLAIN = str.maketrans("−⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "--0123456789")
_RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"


def value_of(text: str) -> float:
    """The number that is written: −0.5, 3·10⁻⁵, −10⁻⁶, 7%."""
    plain = text.rstrip("%")
    digits = plain.rstrip(_RAISED)
    if exponent := plain[len(digits) :].translate(_PLAIN):
        digits = digits.removesuffix("10").removesuffix("·")
        digits = f"{digits}1" if digits in ("", "−", "+") else digits
    value = float(digits.translate(_PLAIN)) * 10.0 ** int(exponent or 0)
    return value / 100 if text.endswith("%") else value
