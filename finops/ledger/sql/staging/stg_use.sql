-- stg_use: what drives metered rules: meters by hour, day and month, calls by day and month.
-- slice: none
WITH meter_use AS (
    SELECT
        m.hour, m.provider, m.account, m.region, m.resource, m.instance_type, m.tenant, m.agent, m.workflow,
        m.gpu_seconds, m.cpu_seconds, m.memory_gib_seconds, m.requests
    FROM stg_meter m
),
level AS (
    SELECT 0 AS level, 'hour' AS part
    UNION ALL SELECT 1 AS level, 'day' AS part
    UNION ALL SELECT 2 AS level, 'month' AS part
)
SELECT
    'meter' AS source,
    l.level,
    date_trunc(l.part, u.hour) AS window_start,
    u.provider, u.account, u.region, u.resource, u.instance_type,
    CAST(NULL AS VARCHAR) AS model,
    CAST(NULL AS VARCHAR) AS token_class,
    u.tenant, u.agent, u.workflow,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(sum(u.gpu_seconds) AS DECIMAL(38, 12)) AS gpu_seconds,
    CAST(sum(u.cpu_seconds) AS DECIMAL(38, 12)) AS cpu_seconds,
    CAST(sum(u.memory_gib_seconds) AS DECIMAL(38, 12)) AS memory_gib_seconds,
    CAST(sum(u.requests) AS DECIMAL(38, 12)) AS requests,
    CAST(NULL AS DECIMAL(38, 12)) AS priced_calls,
    CAST(NULL AS DECIMAL(38, 12)) AS calls,
    CAST(NULL AS DECIMAL(38, 12)) AS tokens
FROM meter_use u
CROSS JOIN level l
GROUP BY
    l.level, date_trunc(l.part, u.hour), u.provider, u.account, u.region, u.resource, u.instance_type, u.tenant, u.agent, u.workflow
UNION ALL
SELECT
    'call' AS source,
    l.level,
    date_trunc(l.part, CAST(u.call_day AS TIMESTAMP)) AS window_start,
    u.provider, u.account, u.region, u.resource,
    CAST(NULL AS VARCHAR) AS instance_type,
    u.model, u.token_class,
    u.tenant, u.agent, u.workflow,
    u.currency,
    CAST(NULL AS DECIMAL(38, 12)) AS gpu_seconds,
    CAST(NULL AS DECIMAL(38, 12)) AS cpu_seconds,
    CAST(NULL AS DECIMAL(38, 12)) AS memory_gib_seconds,
    CAST(sum(u.calls) AS DECIMAL(38, 12)) AS requests,
    CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS priced_calls,
    CAST(sum(u.calls) AS DECIMAL(38, 12)) AS calls,
    CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens
FROM fct_usage u
CROSS JOIN level l
WHERE l.level > 0 AND month_of(u.call_day) IN (SELECT month_of(d.charge_day) FROM dirty_charge_day d)
GROUP BY
    l.level, date_trunc(l.part, CAST(u.call_day AS TIMESTAMP)), u.provider, u.account, u.region, u.resource, u.model, u.token_class,
    u.tenant, u.agent, u.workflow, u.currency
