"""Questions and predictions of chapter 07."""

QUESTIONS = ()
