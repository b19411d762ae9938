"""One module an exercise: `ask(answer, hidden, seed)` calls the answer and returns evidence, plain data."""
