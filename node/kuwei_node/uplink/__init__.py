"""The node's line to the hub: keys, enrolment, figures out, bulletins in."""
