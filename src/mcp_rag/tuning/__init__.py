"""Instruction data for the model that words the assistant's answers."""
