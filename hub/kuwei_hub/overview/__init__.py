"""The province at a glance: who runs what, what was screened, what was found."""
