"""What may go wrong with a burst, beside what a user can put right (`InputError`)."""


class BurstError(OSError):
    """RunPod, the pod or the way to it failed. Exit code 1."""


class RefusedError(BurstError):
    """RunPod answered with an error, and did nothing.

    Attributes:
      status: of HTTP.
      retry_after: seconds after which to ask again; None where it does not say.
    """

    def __init__(self, status: int, text: str, retry_after: float | None = None):
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after


class UnansweredError(BurstError):
    """No answer came, or none that can be read: whether it was done is not known."""


class Interrupted(BaseException):
    """SIGINT, SIGTERM or SIGHUP came; `code` is the exit code that says which."""

    def __init__(self, number: int):
        super().__init__(number)
        self.code = 128 + number
