-- report_rejects: why rows were refused, the commonest reasons first.
SELECT r.column_name, r.reason, count(*) AS rows
FROM reject r
JOIN batch b ON b.batch_id = r.batch_id
WHERE b.superseded_by IS NULL
GROUP BY r.column_name, r.reason
ORDER BY rows DESC, r.column_name NULLS FIRST, r.reason
LIMIT 5
