"""What is done with releases: published, assigned, handed out, reported on."""
