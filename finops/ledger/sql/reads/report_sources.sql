-- report_sources: what each source has brought that still counts.
SELECT
    d.source,
    count(DISTINCT d.delivery_id) AS files,
    CAST(sum(b.row_count) AS BIGINT) AS rows,
    CAST(sum(b.reject_count) AS BIGINT) AS rejected
FROM delivery d
JOIN batch b ON b.delivery_id = d.delivery_id
WHERE b.superseded_by IS NULL
GROUP BY d.source
ORDER BY d.source
