-- traces_steps: every step of the runs named, with what it metered and what it can be replayed from. Never prompt text. A further record of a call is no step, unless there are steps below it.
SELECT
    c.run_id, c.call_key, c.trace, c.span, c.parent, c.operation, c.name, c.call_day AS day, c.tenant, c.agent, c.workflow, c.model, c.provider,
    c.currency, c.start_time, c.first_token_time, coalesce(c.end_time, c.start_time) AS end_time, c.status, c.error_class, c.attempt,
    c.tool, c.counted, c.unpriced, c.input_tokens, c.cache_read, c.output, c.args_hash, c.prompt_hash, c.prompt_route, c.prompt_version,
    CASE WHEN c.counted THEN c.list_cost END AS list_cost
FROM fct_call c
WHERE list_contains($runs, c.run_id)
    AND (c.same_as IS NULL OR EXISTS (SELECT 1 AS one FROM fct_call b WHERE b.trace = c.trace AND b.parent = c.span))
ORDER BY c.run_id, c.start_time, c.call_key
