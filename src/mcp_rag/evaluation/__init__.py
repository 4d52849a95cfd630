"""How good the answers are, on labelled data: the shipped golden logs, or a team's own."""
