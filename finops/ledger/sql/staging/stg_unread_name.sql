-- stg_unread_name: for calls that lack an owner, the attribute on the span or above it that looks as if it named one.
-- grain: (row_key, dimension)
-- slice: none
WITH lacking AS (
    SELECT c.row_key, 'tenant' AS dimension FROM stg_call c WHERE c.counted AND c.tenant = '__untagged__'
    UNION ALL
    SELECT c.row_key, 'agent' AS dimension FROM stg_call c WHERE c.counted AND c.agent = '__untagged__'
    UNION ALL
    SELECT c.row_key, 'workflow' AS dimension FROM stg_call c WHERE c.counted AND c.workflow = '__untagged__'
),
line AS (
    SELECT DISTINCT l.row_key, a.ancestor_key
    FROM lacking l
    JOIN stg_ancestor a ON a.row_key = l.row_key
),
given AS (
    SELECT n.batch_id * 1099511627776 + n.part_row AS row_key, unnest(map_keys(n.attributes)) AS name
    FROM call n
    WHERE n.start_time >= (SELECT min(w.call_day) FROM window_call_day w)
        AND n.start_time < (SELECT max(w.call_day) + 1 FROM window_call_day w)
        AND n.batch_id * 1099511627776 + n.part_row IN (SELECT i.ancestor_key FROM line i)
),
meant AS (
    SELECT d.dimension, g.name
    FROM (SELECT DISTINCT g.name FROM given g) g
    CROSS JOIN (SELECT DISTINCT l.dimension FROM lacking l) d
    WHERE names_owner(d.dimension, g.name)
)
SELECT l.row_key, l.dimension, min(m.name) AS name
FROM lacking l
JOIN line i ON i.row_key = l.row_key
JOIN given g ON g.row_key = i.ancestor_key
JOIN meant m ON m.name = g.name AND m.dimension = l.dimension
GROUP BY l.row_key, l.dimension
