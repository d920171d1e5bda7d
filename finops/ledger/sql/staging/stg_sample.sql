-- stg_sample: pressure signals by hour, with the one label that tells queues or servers apart.
-- slice: none
-- as: view
SELECT
    date_trunc('hour', s.time) AS hour, s.signal, s.kind,
    coalesce(s.labels['queue'], s.labels['name'], s.labels['model_name'], s.labels['instance'], '') AS labels,
    s.value
FROM sample s
WHERE isfinite(s.value) AND abs(s.value) < 1e18
