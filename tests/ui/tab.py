"""One browser tab without a browser; every run of it is checked for exceptions."""


class Tab:
    """An AppTest opened at a link."""

    def __init__(self, app, link):
        self.app = app
        for name, value in link.items():
            self.app.query_params[name] = value
        self.run()

    def run(self):
        self.app.run()
        assert [box.message for box in self.app.exception] == []

    @property
    def session(self):
        return self.app.session_state["session"]
