-- report_snapshot: what identifies the ledger's content: every delivery that still counts.
SELECT DISTINCT d.source, d.content_hash
FROM delivery d
JOIN batch b ON b.delivery_id = d.delivery_id
WHERE b.superseded_by IS NULL
ORDER BY d.source, d.content_hash
