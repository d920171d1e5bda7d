-- stg_call: each span's owners, run, canonical model and tokens, and whether it counts (leaf calls only, each call once).
-- grain: (row_key)
-- slice: none
WITH above AS (
    SELECT DISTINCT a.ancestor_key AS row_key
    FROM stg_ancestor a
    JOIN stg_span s ON s.row_key = a.row_key
    WHERE a.depth > 0 AND s.has_tokens AND s.operation IN ('inference', 'embeddings')
),
twin AS (
    SELECT DISTINCT a.ancestor_key AS row_key
    FROM stg_ancestor a
    JOIN stg_span s ON s.row_key = a.row_key
    JOIN stg_span p ON p.row_key = a.ancestor_key
    WHERE a.depth > 0 AND s.has_tokens AND s.operation = 'inference' AND p.operation = 'inference'
        AND s.input_uncached IS NOT DISTINCT FROM p.input_uncached AND s.cache_read IS NOT DISTINCT FROM p.cache_read
        AND s.output IS NOT DISTINCT FROM p.output
),
response AS (
    SELECT s.row_key, s.call_key, s.response, s.call_day, s.completeness
    FROM stg_span s
    LEFT JOIN twin t ON t.row_key = s.row_key
    WHERE s.response IS NOT NULL AND length(s.response) >= 8 AND s.operation IN ('inference', 'embeddings') AND t.row_key IS NULL
),
repeated AS (
    SELECT r.response, r.call_day FROM response r GROUP BY r.response, r.call_day HAVING count(*) > 1
),
answered AS (
    SELECT
        r.row_key,
        row_number() OVER (PARTITION BY r.response, r.call_day ORDER BY r.completeness DESC, r.call_key) AS place
    FROM response r
    JOIN repeated d ON d.response = r.response AND d.call_day = r.call_day
)
SELECT
    s.row_key, s.call_day, s.start_time,
    coalesce(h.tenant, s.resource_tenant, o.tenant, '__untagged__') AS tenant,
    coalesce(h.agent, s.resource_agent, o.agent, '__untagged__') AS agent,
    coalesce(h.workflow, s.resource_workflow, o.workflow, '__untagged__') AS workflow,
    coalesce(h.root_tenant, s.resource_tenant, o.tenant, '__untagged__') AS run_tenant,
    coalesce(h.root_agent, s.resource_agent, o.agent, '__untagged__') AS run_agent,
    coalesce(
        h.run,
        CASE WHEN w.run_is_session THEN h.session END,
        s.trace,
        s.call_key
    ) AS run_id,
    coalesce(a.provider, m.provider, lower(trim(s.provider_raw))) AS provider,
    m.provider AS price_provider,
    s.account, s.region, s.resource,
    coalesce(m.model, s.raw_model) AS model,
    CASE
        WHEN s.service_tier IS NULL OR lower(s.service_tier) IN ('', 'default', 'auto', 'standard', 'on_demand') THEN 'standard'
        ELSE lower(s.service_tier)
    END AS service_tier,
    s.input_uncached, s.cache_read, s.cache_write_5m, s.cache_write_1h, s.output, s.audio_input, s.audio_output, s.image_input,
    s.image_output,
    coalesce(s.input_uncached, 0) + coalesce(s.cache_read, 0) + coalesce(s.cache_write_5m, 0) + coalesce(s.cache_write_1h, 0)
        + coalesce(s.audio_input, 0) + coalesce(s.image_input, 0) AS input_tokens,
    s.has_tokens, s.cache_hit, s.sampling_weight,
    CASE
        WHEN s.operation IN ('inference', 'embeddings') THEN t.row_key IS NULL AND coalesce(r.place, 1) = 1
        WHEN s.operation IN ('retrieval', 'tool') THEN TRUE
        ELSE s.has_tokens AND b.row_key IS NULL
    END AS counted
FROM stg_span s
JOIN stg_heir h ON h.row_key = s.row_key
LEFT JOIN above b ON b.row_key = s.row_key
LEFT JOIN twin t ON t.row_key = s.row_key
LEFT JOIN answered r ON r.row_key = s.row_key
LEFT JOIN account_owner o ON o.account = s.account AND s.call_day >= o.valid_from AND s.call_day < o.valid_to
LEFT JOIN run_rule w ON w.workflow = coalesce(h.workflow, s.resource_workflow, o.workflow)
LEFT JOIN provider_alias a ON a.alias = lower(trim(s.provider_raw))
LEFT JOIN model_alias m ON m.provider_raw = coalesce(s.provider_raw, '') AND m.model_raw = s.raw_model
WHERE s.call_day IN (SELECT d.call_day FROM dirty_call_day d)
