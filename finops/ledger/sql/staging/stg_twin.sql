-- stg_twin: model calls whose tokens a model call below them repeats: two instruments around one call, of which the inner one counts.
-- grain: (row_key)
-- slice: none
SELECT DISTINCT a.ancestor_key AS row_key
FROM stg_ancestor a
JOIN stg_span s ON s.row_key = a.row_key
JOIN stg_span p ON p.row_key = a.ancestor_key
WHERE a.depth > 0 AND s.has_tokens AND s.operation = 'inference' AND p.operation = 'inference'
    AND s.call_day - p.call_day <= 1
    AND s.input_uncached IS NOT DISTINCT FROM p.input_uncached AND s.cache_read IS NOT DISTINCT FROM p.cache_read
    AND s.output IS NOT DISTINCT FROM p.output
