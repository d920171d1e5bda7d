-- flag_span: currencies of cost and the first day of any run, up to the business date; and outcomes that name a day, not a run.
SELECT
    (SELECT string_agg(DISTINCT c.currency, ',' ORDER BY c.currency) FROM fct_cost c
        WHERE c.business_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)) AS currencies,
    (SELECT count(*) FROM outcome o WHERE o.run IS NULL AND o.time >= CAST($first AS DATE)) AS daily_outcomes
