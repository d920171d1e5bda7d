-- stg_parent: each span with the spans that its trace has under the name of its parent; `parent_digest` decides between several.
-- grain: (row_key, parent_key)
-- slice: none
SELECT s.row_key, p.row_key AS parent_key, p.call_day AS parent_day, p.digest AS parent_digest
FROM stg_span s
JOIN stg_span p ON p.trace = s.trace AND p.span = s.parent
