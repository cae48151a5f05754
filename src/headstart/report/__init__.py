"""What a person looks at: drawn pictures and pages from the numbers of a run."""
