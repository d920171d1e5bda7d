-- stg_passed_over: calls that configuration passes over, because another source's calls of their provider and day are the ones to count.
-- grain: (row_key)
-- slice: none
WITH wish AS (
    SELECT r.ordinal, coalesce(a.provider, r.provider) AS provider, r.source, r.valid_from, r.valid_to
    FROM count_rule r
    LEFT JOIN provider_alias a ON a.alias = r.provider
),
model_call AS (
    SELECT s.row_key, s.call_day, s.source, coalesce(a.provider, m.provider, lower(trim(s.provider_raw))) AS provider
    FROM stg_span s
    LEFT JOIN provider_alias a ON a.alias = lower(trim(s.provider_raw))
    LEFT JOIN model_alias m ON m.provider_raw = coalesce(s.provider_raw, '') AND m.model_raw = s.raw_model
    WHERE s.operation IN ('inference', 'embeddings') AND EXISTS (SELECT 1 AS one FROM count_rule r)
),
ruled AS (
    SELECT c.row_key, c.call_day, c.source, c.provider, arg_min(r.source, r.ordinal) AS wanted
    FROM model_call c
    JOIN wish r ON (r.provider = c.provider OR r.provider = '*') AND r.valid_from <= c.call_day AND c.call_day < r.valid_to
    GROUP BY c.row_key, c.call_day, c.source, c.provider
)
SELECT r.row_key
FROM ruled r
WHERE r.source <> r.wanted
    AND EXISTS (
        SELECT 1 AS one FROM ruled w
        WHERE w.call_day = r.call_day AND w.provider IS NOT DISTINCT FROM r.provider AND w.source = w.wanted AND w.wanted = r.wanted
    )
