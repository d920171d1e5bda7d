-- fct_call: every call with its owners, tokens and price at its own time; add up only rows that are `counted`.
-- `same_as` is the record that counts in place of this one of the same call, `told_weight` how many calls this record said it stands for.
-- grain: (call_key)
-- slice: trace_day
WITH priced AS (
    SELECT
        p.row_key,
        count(*) AS classes,
        count(p.price) AS priced_classes,
        CAST(sum(p.amount) AS DECIMAL(38, 12)) AS amount,
        max(p.currency) AS currency,
        max(p.batch) AS price_batch
    FROM stg_call_price p
    WHERE {{piece_of_p}}
    GROUP BY p.row_key
)
SELECT
    s.call_key, s.trace, s.span, s.parent, c.run_id, c.run_tenant, c.run_agent, c.call_day, c.start_time, s.end_time, s.first_token_time,
    s.operation, s.name, c.tenant, c.agent, c.workflow, c.provider, c.account, c.region, c.resource, c.model, s.raw_model,
    c.service_tier, c.input_uncached, c.cache_read, c.cache_write_5m, c.cache_write_1h, c.output, c.audio_input, c.audio_output,
    c.image_input, c.image_output, s.reasoning, c.input_tokens, s.status, s.error_class, s.finish_reason, s.attempt, c.cache_hit, s.tool,
    s.args_hash, s.prompt_hash, s.prompt_route, s.prompt_version, c.sampling_weight, c.source, c.counted,
    s.end_state, s.session, c.told_weight,
    b.best_call AS same_as,
    CASE WHEN NOT s.is_copy THEN s.reported_cost END AS reported_cost,
    CASE WHEN NOT s.is_copy AND s.reported_cost IS NOT NULL THEN s.reported_currency END AS reported_currency,
    CASE
        WHEN NOT c.counted THEN NULL
        WHEN p.classes = p.priced_classes THEN p.amount
        WHEN p.classes IS NULL AND c.has_tokens AND c.price_provider IS NOT NULL THEN CAST(0 AS DECIMAL(38, 12))
        WHEN p.classes IS NULL AND c.cache_hit THEN CAST(0 AS DECIMAL(38, 12))
    END AS list_cost,
    CASE WHEN p.classes = p.priced_classes THEN p.currency END AS currency,
    c.counted AND s.operation NOT IN ('tool', 'retrieval') AND list_cost IS NULL
        AND (c.has_tokens OR s.status IS DISTINCT FROM 'error') AS unpriced,
    p.price_batch
FROM stg_call c
JOIN stg_span s ON s.row_key = c.row_key
LEFT JOIN priced p ON p.row_key = c.row_key
LEFT JOIN stg_repeat b ON b.row_key = c.row_key AND b.is_superfluous
WHERE {{piece_of_c}} AND {{piece_of_s}}
