"""Questions and predictions of chapter 05."""

QUESTIONS = ()
