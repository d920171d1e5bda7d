-- explain_names: every name of an owner or a model that a cost or a call carries.
SELECT 'agent' AS dimension, c.agent AS name FROM fct_cost c
UNION SELECT 'tenant' AS dimension, c.tenant AS name FROM fct_cost c
UNION SELECT 'workflow' AS dimension, c.workflow AS name FROM fct_cost c
UNION SELECT 'model' AS dimension, c.model AS name FROM fct_cost c WHERE c.model IS NOT NULL
UNION SELECT 'model' AS dimension, u.model AS name FROM fct_usage u WHERE u.model IS NOT NULL
ORDER BY dimension, name
