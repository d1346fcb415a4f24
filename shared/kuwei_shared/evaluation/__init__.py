"""How good the catalogue is on labelled payments: found, missed, accused in vain."""
