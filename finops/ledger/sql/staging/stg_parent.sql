-- stg_parent: each span with the span that its trace has under the name of its parent: of one that is there on several days the copy of
-- the span's own day, else of the nearest before, else of the nearest after.
-- grain: (row_key)
-- slice: none
SELECT s.row_key, p.row_key AS parent_key, p.call_day AS parent_day, p.digest AS parent_digest
FROM stg_span s
JOIN stg_span p ON p.trace = s.trace AND p.span = s.parent AND p.span <> s.span
WHERE NOT p.is_on_days
UNION ALL
SELECT
    s.row_key,
    arg_min(p.row_key, (p.call_day > s.call_day, abs(p.call_day - s.call_day), p.call_key)) AS parent_key,
    arg_min(p.call_day, (p.call_day > s.call_day, abs(p.call_day - s.call_day), p.call_key)) AS parent_day,
    arg_min(p.digest, (p.call_day > s.call_day, abs(p.call_day - s.call_day), p.call_key)) AS parent_digest
FROM stg_span s
JOIN stg_span p ON p.trace = s.trace AND p.span = s.parent AND p.span <> s.span
WHERE p.is_on_days
GROUP BY s.row_key
