-- call_rates: what an owner's calls of a model on a day cost by bill or estimate, beside what they cost at list price: the ratio turns a call at list price into its share of the bill. Of calls billed in the currency of their list price; with $abroad also of those that are all billed in another one.
SELECT
    u.day, u.tenant, u.agent, u.workflow, u.model, u.currency,
    u.list_cost,
    e.currency AS billed_currency,
    e.effective
FROM (
    SELECT s.call_day AS day, s.tenant, s.agent, s.workflow, s.model, s.currency, CAST(sum(s.list_cost) AS DECIMAL(38, 12)) AS list_cost
    FROM fct_usage s
    WHERE s.token_class IS NOT NULL AND s.call_day >= CAST($first AS DATE) AND s.call_day < CAST($end AS DATE)
    GROUP BY s.call_day, s.tenant, s.agent, s.workflow, s.model, s.currency
) u
JOIN (
    SELECT
        c.charge_day AS day, c.tenant, c.agent, c.workflow, c.model, c.currency, CAST(sum(c.effective) AS DECIMAL(38, 12)) AS effective,
        count(*) OVER (PARTITION BY c.charge_day, c.tenant, c.agent, c.workflow, c.model) AS currencies
    FROM fct_cost c
    WHERE c.model IS NOT NULL AND c.currency IS NOT NULL
        AND c.charge_day >= CAST($first AS DATE) AND c.charge_day < CAST($end AS DATE)
    GROUP BY c.charge_day, c.tenant, c.agent, c.workflow, c.model, c.currency
) e ON e.day = u.day AND e.tenant = u.tenant AND e.agent = u.agent AND e.workflow = u.workflow AND e.model = u.model
    AND (e.currency = u.currency OR ($abroad AND e.currencies = 1))
ORDER BY u.day, u.tenant, u.agent, u.workflow, u.model, u.currency
