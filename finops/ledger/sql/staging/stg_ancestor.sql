-- stg_ancestor: each span and every span above it in its trace, itself at depth 0; an ancestor starts at most two days earlier.
-- `place` orders by depth, then by a digest of the name, so that no two differ in nothing.
-- slice: none
WITH RECURSIVE walk AS (
    SELECT s.row_key, s.row_key AS ancestor_key, s.call_day AS leaf_day, s.digest, 0 AS depth
    FROM stg_span s
    UNION ALL
    SELECT w.row_key, p.parent_key AS ancestor_key, w.leaf_day, p.parent_digest AS digest, w.depth + 1 AS depth
    FROM walk w
    JOIN stg_parent p
        ON p.row_key = w.ancestor_key
        AND p.parent_day <= w.leaf_day AND p.parent_day >= w.leaf_day - 2
    WHERE w.depth < 50
)
SELECT w.row_key, w.ancestor_key, w.depth, CAST(w.depth AS BIGINT) * 281474976710656 + w.digest AS place
FROM walk w
