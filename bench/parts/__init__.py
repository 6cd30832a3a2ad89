"""What several benchmarks start or measure."""
