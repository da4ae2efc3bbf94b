"""Questions and predictions of chapter 08."""

QUESTIONS = ()
