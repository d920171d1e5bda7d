-- sources_gateways: by day, what model calls cost by the records' own word, one record per call: a gateway's, else the trace's; on days of
-- which no call of a provider says its cost, what LiteLLM's roll-ups say (those by one basis, never by tag: tags count twice). With
-- `by_row`, a row each for every record.
WITH record AS (
    SELECT
        coalesce(c.same_as, c.call_key) AS call_id, c.call_key, c.call_day, c.provider, c.account, c.model, coalesce(c.source, 'otlp') AS source,
        c.reported_cost, coalesce(c.reported_currency, 'USD') AS currency,
        CASE WHEN coalesce(c.source, '') IN ('litellm_logs', 'helicone', 'portkey', 'openrouter_activity') THEN 0 ELSE 1 END AS rank
    FROM fct_call c
    WHERE c.operation IN ('inference', 'embeddings') AND c.reported_cost IS NOT NULL
        AND (c.same_as IS NOT NULL OR c.counted)
        AND ($first IS NULL OR c.call_day >= CAST($first AS DATE)) AND ($end IS NULL OR c.call_day < CAST($end AS DATE))
),
chosen AS (
    SELECT r.call_id, min(r.rank || ' ' || r.source || ' ' || r.call_key) AS best
    FROM record r
    GROUP BY r.call_id
),
told AS (
    SELECT
        s.time, s.labels, max(CAST(s.value AS DECIMAL(38, 12))) AS cost,
        max_by({'batch': s.batch_id, 'line': s.part_row}, (CAST(s.value AS DECIMAL(38, 12)), -s.batch_id, -s.part_row)) AS origin
    FROM sample s
    WHERE s.signal = 'gateway_cost_usd' AND s.labels['by'] IN ('user', 'team', 'organization', 'agent', 'end user', 'model')
        AND ($first IS NULL OR s.time >= CAST($first AS TIMESTAMP)) AND ($end IS NULL OR s.time < CAST($end AS TIMESTAMP))
    GROUP BY s.time, s.labels
),
rollup AS (
    SELECT
        CAST(t.time AS DATE) AS call_day, t.labels['by'] AS basis, t.cost, t.origin,
        coalesce(a.provider, m.provider, lower(trim(t.labels['provider']))) AS provider,
        coalesce(m.model, t.labels['model']) AS model
    FROM told t
    LEFT JOIN provider_alias a ON a.alias = lower(trim(t.labels['provider']))
    LEFT JOIN model_alias m ON m.provider_raw = coalesce(t.labels['provider'], '') AND m.model_raw = t.labels['model']
    WHERE t.labels['model'] IS NOT NULL
),
basis AS (
    SELECT
        r.call_day, r.provider,
        min(list_position(['user', 'team', 'organization', 'agent', 'end user', 'model'], r.basis) || ' ' || r.basis) AS best
    FROM rollup r
    WHERE NOT EXISTS (SELECT 1 AS one FROM record k WHERE k.call_day = r.call_day AND k.provider IS NOT DISTINCT FROM r.provider)
    GROUP BY r.call_day, r.provider
),
spent AS (
    SELECT
        r.call_day, r.provider, r.account, r.model, r.source, r.currency, r.reported_cost AS cost, r.call_key,
        CAST(NULL AS BIGINT) AS batch_id, CAST(NULL AS BIGINT) AS line
    FROM record r
    JOIN chosen c ON c.call_id = r.call_id AND c.best = r.rank || ' ' || r.source || ' ' || r.call_key
    UNION ALL
    SELECT
        r.call_day, r.provider, CAST(NULL AS VARCHAR) AS account, r.model, 'litellm_rollups' AS source, 'USD' AS currency, r.cost,
        CAST(NULL AS VARCHAR) AS call_key, r.origin.batch AS batch_id, r.origin.line
    FROM rollup r
    JOIN basis b ON b.call_day = r.call_day AND b.provider IS NOT DISTINCT FROM r.provider
        AND b.best = list_position(['user', 'team', 'organization', 'agent', 'end user', 'model'], r.basis) || ' ' || r.basis
)
SELECT
    s.call_day AS day, s.provider, s.account, s.model, s.source, s.currency,
    CASE WHEN CAST($by_row AS BOOLEAN) THEN s.call_key END AS call_key, CASE WHEN CAST($by_row AS BOOLEAN) THEN s.batch_id END AS batch_id,
    CASE WHEN CAST($by_row AS BOOLEAN) THEN s.line END AS line,
    count(*) AS records,
    CAST(sum(s.cost) AS DECIMAL(38, 12)) AS cost
FROM spent s
GROUP BY ALL
ORDER BY s.call_day, s.provider, s.account, s.model, s.source, s.currency, 7, 8, 9
