"""The edge payment systems call: payments in, a decision for each out."""
