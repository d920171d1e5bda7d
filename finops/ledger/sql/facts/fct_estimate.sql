-- fct_estimate: priced calls and metered hours of days for which no bill is loaded yet.
-- grain: (charge_day, business_day, provider, account, region, service, instance_type, purchase_option, model, token_class, currency, tenant, agent, workflow)
-- slice: charge_day
WITH estimate AS (
    SELECT
        u.call_day AS charge_day, u.business_day, u.provider, u.account, u.region, 'model calls' AS service,
        CAST(NULL AS VARCHAR) AS instance_type, CAST(NULL AS VARCHAR) AS purchase_option, u.model, u.token_class, u.currency,
        u.tenant, u.agent, u.workflow, 'estimated-calls' AS rule, u.list_cost AS amount
    FROM fct_usage u
    WHERE
        u.token_class IS NOT NULL AND u.list_cost IS NOT NULL
        AND u.call_day IN (SELECT d.charge_day FROM dirty_charge_day d)
        AND NOT EXISTS (
            SELECT 1 AS one FROM stg_covered c
            WHERE c.provider = u.provider AND c.from_day <= u.call_day AND u.call_day <= c.to_day
                AND (u.account IS NULL OR c.account = u.account OR c.subaccount = u.account)
        )
    UNION ALL
    SELECT
        m.charge_day, m.business_day, m.provider, m.account, m.region, 'metered hours' AS service, m.instance_type, m.purchase_option,
        CAST(NULL AS VARCHAR) AS model, CAST(NULL AS VARCHAR) AS token_class, m.currency, m.tenant, m.agent, m.workflow,
        'estimated-hours' AS rule, m.amount
    FROM stg_estimate_meter m
)
SELECT
    e.charge_day,
    e.business_day,
    month_of(e.charge_day) AS billing_month,
    e.provider, e.account, e.region, e.service, e.instance_type, e.purchase_option, e.model, e.token_class, e.currency,
    CASE WHEN e.rule = 'estimated-calls' OR has_gpu(e.instance_type) THEN 'ai_compute' ELSE 'traditional_compute' END AS layer,
    'Usage' AS category,
    e.tenant, e.agent, e.workflow,
    CASE
        WHEN e.tenant = '__idle__' THEN 'idle'
        WHEN e.tenant = '__untagged__' AND e.agent = '__untagged__' AND e.workflow = '__untagged__' THEN 'untagged'
        ELSE 'metered'
    END AS method,
    e.rule,
    CAST(sum(e.amount) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(e.amount) AS DECIMAL(38, 12)) AS effective,
    CAST(sum(e.amount) AS DECIMAL(38, 12)) AS list,
    CAST(sum(e.amount) AS DECIMAL(38, 12)) AS contracted
FROM estimate e
GROUP BY
    e.charge_day, e.business_day, e.provider, e.account, e.region, e.service, e.instance_type, e.purchase_option, e.model, e.token_class, e.currency,
    e.tenant, e.agent, e.workflow, e.rule
