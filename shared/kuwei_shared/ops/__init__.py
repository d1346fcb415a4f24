"""Operations: logs, metrics, health; what a duty engineer looks at first."""
