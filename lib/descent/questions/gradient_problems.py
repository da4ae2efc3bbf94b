"""Questions and predictions of chapter 04."""

QUESTIONS = ()
