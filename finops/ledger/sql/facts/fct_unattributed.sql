-- fct_unattributed: a day's counted calls without a tenant, agent or workflow, each under the first cause that holds.
-- grain: (call_day, business_day, dimension, cause, detail, source, currency)
-- slice: trace_day
WITH lacking AS (
    SELECT c.row_key, 'tenant' AS dimension FROM stg_call c WHERE c.counted AND c.tenant = '__untagged__'
    UNION ALL
    SELECT c.row_key, 'agent' AS dimension FROM stg_call c WHERE c.counted AND c.agent = '__untagged__'
    UNION ALL
    SELECT c.row_key, 'workflow' AS dimension FROM stg_call c WHERE c.counted AND c.workflow = '__untagged__'
),
top AS (
    SELECT a.row_key, max(a.depth) AS depth, arg_max(s.parent IS NOT NULL, a.place) AS is_cut
    FROM stg_ancestor a
    JOIN stg_span s ON s.row_key = a.ancestor_key
    WHERE a.row_key IN (SELECT l.row_key FROM lacking l)
    GROUP BY a.row_key
),
explained AS (
    SELECT
        c.call_day, c.start_time, l.dimension, c.source, s.call_key, c.sampling_weight, c.input_tokens,
        coalesce(c.output, 0) + coalesce(c.audio_output, 0) + coalesce(c.image_output, 0) AS output_tokens,
        CASE
            WHEN u.name IS NOT NULL THEN 'unread_attribute'
            WHEN l.dimension = 'tenant' AND c.account IS NOT NULL AND o.account IS NULL THEN 'unmapped_account'
            WHEN t.is_cut THEN 'lost_parent'
            WHEN t.depth > 0 THEN 'root_without_identity'
            WHEN c.source NOT IN ('otlp', 'otlp_proto', 'otlp_logs')
                AND c.tenant = '__untagged__' AND c.agent = '__untagged__' AND c.workflow = '__untagged__' THEN 'no_identity_in_source'
            ELSE 'attribute_missing'
        END AS cause,
        CASE
            WHEN u.name IS NOT NULL THEN u.name
            WHEN l.dimension = 'tenant' AND o.account IS NULL THEN c.account
        END AS detail
    FROM lacking l
    JOIN stg_call c ON c.row_key = l.row_key
    JOIN stg_span s ON s.row_key = l.row_key
    JOIN top t ON t.row_key = l.row_key
    LEFT JOIN stg_unread_name u ON u.row_key = l.row_key AND u.dimension = l.dimension
    LEFT JOIN account_owner o ON o.account = c.account AND c.call_day >= o.valid_from AND c.call_day < o.valid_to
)
SELECT
    e.call_day, business_day(e.start_time) AS business_day, e.dimension, e.cause, e.detail, e.source, k.currency,
    CAST(count(*) AS BIGINT) AS calls,
    CAST(sum(e.input_tokens + e.output_tokens) AS BIGINT) AS tokens,
    CAST(count(CASE WHEN k.unpriced THEN 1 END) AS BIGINT) AS unpriced_calls,
    CAST(sum(k.list_cost * CAST(e.sampling_weight AS DECIMAL(18, 6))) AS DECIMAL(38, 12)) AS list_cost
FROM explained e
JOIN fct_call k ON k.call_key = e.call_key
GROUP BY e.call_day, business_day(e.start_time), e.dimension, e.cause, e.detail, e.source, k.currency
