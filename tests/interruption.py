"""What Streamlit does where a press waits for the page: it ends the run of the script."""


class Press(BaseException):
    """Ends a run of the script from outside."""


def raising(count):
    """A function that ends the run when it has been called so many times."""
    calls = iter(range(count))

    def give_way():
        if next(calls, None) is None:
            raise Press

    return give_way
