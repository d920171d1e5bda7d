-- stg_sample: pressure signals by hour, with the one label that tells queues or servers apart; a point that several files tell of counts once.
-- Where files overlap in an hour of a signal, a series (its labels) has one point at a time, the highest of those that were told.
-- slice: none
-- as: view
WITH sound AS (
    SELECT
        s.time, date_trunc('hour', s.time) AS hour, s.signal, s.kind, s.labels, s.value, s.batch_id,
        coalesce(s.labels['queue'], s.labels['name'], s.labels['model_name'], s.labels['instance'], '') AS label
    FROM sample s
    WHERE isfinite(s.value) AND abs(s.value) < 1e18
),
told_twice AS (
    SELECT p.signal, p.hour
    FROM sound p
    GROUP BY p.signal, p.hour
    HAVING min(p.batch_id) < max(p.batch_id)
)
SELECT p.hour, p.signal, p.kind, p.label AS labels, p.value
FROM sound p
LEFT JOIN told_twice t ON t.signal = p.signal AND t.hour = p.hour
WHERE t.signal IS NULL
UNION ALL
SELECT min(p.hour) AS hour, p.signal, max(p.kind) AS kind, min(p.label) AS labels, max(p.value) AS value
FROM sound p
JOIN told_twice t ON t.signal = p.signal AND t.hour = p.hour
GROUP BY p.time, p.signal, list_sort(map_entries(p.labels))
