"""Text sources to notebooks, and the gates that every build passes."""
