"""The contracts: usage event, alert, dead letter, feedback. Data only; imports nothing of ours."""
