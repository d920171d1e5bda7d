-- flag_currencies: the currencies in which each workflow has cost; of work that names no workflow, the cost of named agents only.
SELECT c.workflow, c.currency
FROM fct_cost c
WHERE c.effective <> 0
    AND c.business_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
    AND NOT (left(c.workflow, 2) = '__' AND left(c.agent, 2) = '__')
GROUP BY c.workflow, c.currency
ORDER BY c.workflow, c.currency
