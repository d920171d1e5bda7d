-- call_rates: what an owner's calls of a model at a provider on a day cost by bill or estimate, beside what they cost at list price: the ratio turns a call at list price into its share of the bill. Cost of a provider that no call names is of the calls whose provider has no cost. Where all of it is in one other currency than the list price, that is the currency of the cost.
WITH used AS (
    SELECT
        s.call_day AS day, s.tenant, s.agent, s.workflow, s.model, coalesce(s.provider, '') AS provider, s.currency,
        CAST(sum(s.list_cost) AS DECIMAL(38, 12)) AS list_cost
    FROM fct_usage s
    WHERE s.token_class IS NOT NULL AND s.model IS NOT NULL AND s.call_day >= CAST($first AS DATE) AND s.call_day < CAST($end AS DATE)
    GROUP BY s.call_day, s.tenant, s.agent, s.workflow, s.model, coalesce(s.provider, ''), s.currency
),
cost AS (
    SELECT
        c.charge_day AS day, c.tenant, c.agent, c.workflow, c.model, coalesce(c.provider, '') AS provider, c.currency,
        CAST(sum(c.effective) AS DECIMAL(38, 12)) AS effective
    FROM fct_cost c
    WHERE c.model IS NOT NULL AND c.currency IS NOT NULL
        AND c.charge_day >= CAST($first AS DATE) AND c.charge_day < CAST($end AS DATE)
    GROUP BY c.charge_day, c.tenant, c.agent, c.workflow, c.model, coalesce(c.provider, ''), c.currency
),
both_know AS (
    SELECT DISTINCT u.day, u.tenant, u.agent, u.workflow, u.model, u.provider
    FROM used u
    JOIN cost c ON c.day = u.day AND c.tenant = u.tenant AND c.agent = u.agent AND c.workflow = u.workflow AND c.model = u.model
        AND c.provider = u.provider
),
of_calls AS (
    SELECT u.*, b.provider AS billed_by,
        CAST(sum(u.list_cost) OVER (
            PARTITION BY u.day, u.tenant, u.agent, u.workflow, u.model, u.currency, b.provider
        ) AS DECIMAL(38, 12)) AS all_listed,
        min(u.currency) OVER known = max(u.currency) OVER known AS listed_in_one
    FROM used u
    LEFT JOIN both_know b ON b.day = u.day AND b.tenant = u.tenant AND b.agent = u.agent AND b.workflow = u.workflow
        AND b.model = u.model AND b.provider = u.provider
    WINDOW known AS (PARTITION BY u.day, u.tenant, u.agent, u.workflow, u.model, b.provider)
),
of_bills AS (
    SELECT
        c.day, c.tenant, c.agent, c.workflow, c.model, b.provider AS billed_by, c.currency,
        CAST(sum(c.effective) AS DECIMAL(38, 12)) AS effective,
        count(*) OVER (PARTITION BY c.day, c.tenant, c.agent, c.workflow, c.model, b.provider) AS currencies
    FROM cost c
    LEFT JOIN both_know b ON b.day = c.day AND b.tenant = c.tenant AND b.agent = c.agent AND b.workflow = c.workflow
        AND b.model = c.model AND b.provider = c.provider
    GROUP BY c.day, c.tenant, c.agent, c.workflow, c.model, b.provider, c.currency
)
SELECT
    u.day, u.tenant, u.agent, u.workflow, u.model, u.provider, u.currency,
    u.all_listed AS list_cost,
    e.currency AS billed_currency,
    e.effective
FROM of_calls u
JOIN of_bills e ON e.day = u.day AND e.tenant = u.tenant AND e.agent = u.agent AND e.workflow = u.workflow AND e.model = u.model
    AND e.billed_by IS NOT DISTINCT FROM u.billed_by
    AND (e.currency = u.currency OR (e.currencies = 1 AND u.listed_in_one))
ORDER BY u.day, u.tenant, u.agent, u.workflow, u.model, u.provider, u.currency
