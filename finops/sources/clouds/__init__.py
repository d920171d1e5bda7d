"""Files and totals in clouds, on request: buckets, manifests, Cost Explorer."""
