"""The students' tree: what is in it on a date, the gates it passes, and the folder it is written to."""
