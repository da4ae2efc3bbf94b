"""Questions and predictions of chapter 06."""

QUESTIONS = ()
