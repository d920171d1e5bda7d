-- sources_reports: by day, the tokens and requests that a provider counted itself, at the list price of their day,
-- tier and, where `is_sized`, size of request. Of reports
-- of a day that are broken down in several ways, the finest counts; what several files tell of counts once. With `by_row`, a row each.
WITH told AS (
    SELECT
        s.time, s.signal, s.labels, max(CAST(s.value AS DECIMAL(38, 0))) AS tokens,
        max_by({'batch': s.batch_id, 'line': s.part_row}, (CAST(s.value AS DECIMAL(38, 0)), -s.batch_id, -s.part_row)) AS origin
    FROM sample s
    WHERE s.signal IN ('provider_tokens', 'provider_requests')
        AND ($first IS NULL OR s.time >= CAST($first AS TIMESTAMP)) AND ($end IS NULL OR s.time < CAST($end AS TIMESTAMP))
    GROUP BY s.time, s.signal, s.labels
),
point AS (
    SELECT
        t.time, CAST(t.time AS DATE) AS day, t.signal, t.tokens, t.origin,
        coalesce(a.provider, lower(trim(t.labels['provider']))) AS provider,
        t.labels['provider'] AS provider_raw, t.labels['model'] AS model_raw, t.labels['project'] AS project,
        t.labels['token_class'] AS token_class,
        CASE
            WHEN lower(t.labels['batch']) = 'true' THEN 'batch'
            WHEN coalesce(lower(t.labels['service_tier']), 'default') IN ('', 'default', 'auto', 'standard', 'on_demand') THEN 'standard'
            ELSE lower(t.labels['service_tier'])
        END AS service_tier,
        t.labels,
        t.labels['context_window'] IS NOT NULL AS is_sized,
        t.labels['context_window'] IS NOT NULL AND NOT starts_with(t.labels['context_window'], '0') AS is_long,
        array_to_string(list_sort(list_filter(map_keys(t.labels), lambda k: k NOT IN ('token_class', 'bucket_s', 'user_id', 'api_key_id'))), ' ')
            || ' ' || coalesce(t.labels['bucket_s'], '') AS shape
    FROM told t
    LEFT JOIN provider_alias a ON a.alias = lower(trim(t.labels['provider']))
    WHERE t.labels['model'] IS NOT NULL
),
shaped AS (
    SELECT p.provider, p.day, max(lpad(CAST(length(p.shape) AS VARCHAR), 6, '0') || p.shape) AS finest
    FROM point p
    GROUP BY p.provider, p.day
),
newest AS (SELECT arg_max(p.batch, p.as_of) AS batch FROM price_token p),
band AS (
    SELECT
        p.batch, p.provider, p.model, p.token_class, p.service_tier, p.price, p.currency, p.tod_from, p.tod_to,
        coalesce(p.valid_from, TIMESTAMP '0001-01-01') AS valid_from,
        coalesce(p.valid_to, TIMESTAMP '9999-01-01') AS valid_to,
        p.min_input_tokens > 0 AS is_long
    FROM price_token p
    WHERE p.variant = ''
    QUALIFY p.min_input_tokens = 0 OR p.min_input_tokens = max(p.min_input_tokens) OVER (
        PARTITION BY p.batch, p.provider, p.model, p.token_class, p.service_tier, p.valid_from, p.tod_from
    )
),
counted AS (
    SELECT
        p.*, coalesce(m.model, p.model_raw) AS model, m.model AS price_model, coalesce(b.batch, (SELECT n.batch FROM newest n)) AS batch,
        CAST(p.time AS TIME) AS at_time
    FROM point p
    JOIN shaped s ON s.provider IS NOT DISTINCT FROM p.provider AND s.day = p.day
        AND s.finest = lpad(CAST(length(p.shape) AS VARCHAR), 6, '0') || p.shape
    LEFT JOIN model_alias m ON m.provider_raw = coalesce(p.provider_raw, '') AND m.model_raw = p.model_raw
    LEFT JOIN price_month b ON b.call_month = CAST(date_trunc('month', p.day) AS DATE)
),
own AS (
    SELECT c.time, c.signal, c.labels, max_by(o.price, o.is_long) AS price, max(o.currency) AS currency
    FROM counted c
    JOIN band o
        ON o.batch = c.batch AND o.provider = c.provider AND o.model = c.price_model AND o.token_class = c.token_class
        AND o.service_tier = c.service_tier AND o.valid_from <= c.time AND c.time < o.valid_to
        AND coalesce(o.tod_from, TIME '00:00:00') <= c.at_time AND (o.tod_to IS NULL OR c.at_time < o.tod_to)
        AND (NOT o.is_long OR c.is_long)
    GROUP BY c.time, c.signal, c.labels
),
standard AS (
    SELECT c.time, c.signal, c.labels, max_by(o.price, o.is_long) AS price, max(o.currency) AS currency
    FROM counted c
    JOIN band o
        ON o.batch = c.batch AND o.provider = c.provider AND o.model = c.price_model AND o.token_class = c.token_class
        AND o.service_tier = 'standard' AND o.valid_from <= c.time AND c.time < o.valid_to
        AND coalesce(o.tod_from, TIME '00:00:00') <= c.at_time AND (o.tod_to IS NULL OR c.at_time < o.tod_to)
        AND (NOT o.is_long OR c.is_long)
    GROUP BY c.time, c.signal, c.labels
)
SELECT
    CASE WHEN CAST($by_row AS BOOLEAN) THEN c.origin.batch END AS batch_id, CASE WHEN CAST($by_row AS BOOLEAN) THEN c.origin.line END AS line,
    c.day, c.provider, c.project AS account, c.model, c.service_tier, c.token_class, c.is_sized,
    CAST(sum(CASE WHEN c.signal = 'provider_tokens' THEN c.tokens ELSE 0 END) AS DECIMAL(38, 0)) AS tokens,
    CAST(sum(CASE WHEN c.signal = 'provider_requests' THEN c.tokens ELSE 0 END) AS DECIMAL(38, 0)) AS requests,
    coalesce(o.price, s.price) AS price,
    coalesce(o.currency, s.currency) AS currency
FROM counted c
LEFT JOIN own o ON o.time = c.time AND o.signal = c.signal AND o.labels = c.labels
LEFT JOIN standard s ON s.time = c.time AND s.signal = c.signal AND s.labels = c.labels
GROUP BY ALL
ORDER BY c.day, c.provider, c.project, c.model, c.service_tier, c.token_class, c.is_sized, 12, 1, 2
