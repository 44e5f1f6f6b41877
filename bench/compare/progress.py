"""Progress on stderr, with a guess at the time left: what was guessed for the rest, times how wrong the guesses were so far."""
import sys
import time


def say(text):
    print(text, file=sys.stderr, flush=True)


def duration(seconds):
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


class Progress:
    def __init__(self, guesses_s):
        """One guess for each step to come, in their order."""
        self.left, self.all, self.guessed = list(guesses_s), len(guesses_s), 0.0
        self.start = time.monotonic()

    def time_left(self):
        """Seconds; whoever has done nothing yet is taken at his word."""
        wrong = (time.monotonic() - self.start) / self.guessed if self.guessed else 1.0
        return sum(self.left) * wrong

    def done(self, text):
        self.guessed += self.left.pop(0)
        left = f", {duration(self.time_left())} left" if self.left else ""
        say(f"[{self.all - len(self.left)}/{self.all}{left}] {text}")
