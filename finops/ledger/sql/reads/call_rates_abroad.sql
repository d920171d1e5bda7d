-- call_rates_abroad: as call_rates, where all that an owner's calls of a model on a day cost is billed in one currency, and that is another than that of their list price.
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
        c.charge_day AS day, c.tenant, c.agent, c.workflow, c.model, min(c.currency) AS currency,
        CAST(sum(c.effective) AS DECIMAL(38, 12)) AS effective
    FROM fct_cost c
    WHERE c.model IS NOT NULL AND c.charge_day >= CAST($first AS DATE) AND c.charge_day < CAST($end AS DATE)
    GROUP BY c.charge_day, c.tenant, c.agent, c.workflow, c.model
    HAVING count(DISTINCT c.currency) = 1
) e ON e.day = u.day AND e.tenant = u.tenant AND e.agent = u.agent AND e.workflow = u.workflow AND e.model = u.model AND e.currency <> u.currency
ORDER BY u.day, u.tenant, u.agent, u.workflow, u.model, u.currency
