-- policy_snapshot: one hash over everything that is loaded now, whatever the order in which it came.
SELECT sha256(coalesce(string_agg(content_hash, ',' ORDER BY content_hash), '')) AS snapshot, count(*) AS deliveries
FROM delivery
WHERE superseded_by IS NULL
