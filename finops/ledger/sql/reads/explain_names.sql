-- explain_names: every owner's name that a cost carries.
SELECT 'agent' AS dimension, c.agent AS name FROM fct_cost c
UNION SELECT 'tenant' AS dimension, c.tenant AS name FROM fct_cost c
UNION SELECT 'workflow' AS dimension, c.workflow AS name FROM fct_cost c
ORDER BY dimension, name
