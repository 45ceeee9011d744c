"""What the course costs, beside loops written by hand and beside its peers: `make bench`."""
