-- stg_ancestor: each span and every span above it in its trace, itself at depth 0; an ancestor starts at most two days earlier.
-- `place` orders by depth, then by a digest of the name, so that no two differ in nothing.
-- slice: none
WITH RECURSIVE walk AS (
    SELECT s.call_key, s.call_key AS ancestor_key, s.trace, s.call_day AS leaf_day, s.parent, 0 AS depth
    FROM stg_span s
    UNION ALL
    SELECT w.call_key, p.call_key AS ancestor_key, w.trace, w.leaf_day, p.parent, w.depth + 1 AS depth
    FROM walk w
    JOIN stg_span p
        ON p.trace = w.trace AND p.span = w.parent
        AND p.call_day <= w.leaf_day AND p.call_day >= w.leaf_day - 2
    WHERE w.depth < 50
)
SELECT
    w.call_key, w.ancestor_key, w.depth,
    CAST(w.depth AS BIGINT) * 281474976710656 + CAST(hash(w.ancestor_key) % 281474976710656 AS BIGINT) AS place
FROM walk w
