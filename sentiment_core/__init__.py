"""The domain: reviews, labels, batches, probabilities and summaries. No files, no tables, no sessions."""
