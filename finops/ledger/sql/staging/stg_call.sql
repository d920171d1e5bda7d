-- stg_call: each span's owners, run, canonical model and tokens, and whether it counts (leaf calls only, each call once, however
-- many records there are of it). Where somebody who samples and somebody who does not have told of the same call, it stands for
-- itself: the calls that the one left out are told by the other.
-- grain: (row_key)
-- slice: none
WITH above AS (
    SELECT DISTINCT a.ancestor_key AS row_key
    FROM stg_ancestor a
    JOIN stg_span s ON s.row_key = a.row_key
    WHERE a.depth > 0 AND s.has_tokens AND s.operation IN ('inference', 'embeddings')
),
told AS (
    SELECT r.best AS row_key, min(s.sampling_weight) AS sampling_weight
    FROM stg_repeat r
    JOIN stg_span s ON s.row_key = r.row_key
    GROUP BY r.best
)
SELECT
    s.row_key, s.call_day, s.start_time,
    coalesce(h.tenant, s.resource_tenant, g.tenant, o.tenant, '__untagged__') AS tenant,
    coalesce(h.agent, s.resource_agent, g.agent, o.agent, '__untagged__') AS agent,
    coalesce(h.workflow, s.resource_workflow, g.workflow, o.workflow, '__untagged__') AS workflow,
    coalesce(h.root_tenant, s.resource_tenant, g.root_tenant, g.tenant, o.tenant, '__untagged__') AS run_tenant,
    coalesce(h.root_agent, s.resource_agent, g.root_agent, g.agent, o.agent, '__untagged__') AS run_agent,
    coalesce(
        h.run,
        g.run,
        CASE WHEN w.run_is_session THEN coalesce(h.session, g.session) END,
        s.trace,
        g.trace,
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
    s.has_tokens, s.cache_hit,
    coalesce(k.sampling_weight, s.sampling_weight) AS sampling_weight,
    s.sampling_weight AS told_weight,
    s.source,
    CASE
        WHEN s.is_copy OR q.row_key IS NOT NULL THEN FALSE
        WHEN s.operation IN ('inference', 'embeddings') THEN t.row_key IS NULL AND NOT coalesce(r.is_superfluous, FALSE)
        WHEN s.operation IN ('retrieval', 'tool') THEN TRUE
        ELSE s.has_tokens AND b.row_key IS NULL
    END AS counted
FROM stg_span s
JOIN stg_heir h ON h.row_key = s.row_key
LEFT JOIN above b ON b.row_key = s.row_key
LEFT JOIN stg_twin t ON t.row_key = s.row_key
LEFT JOIN stg_repeat r ON r.row_key = s.row_key
LEFT JOIN told k ON k.row_key = s.row_key
LEFT JOIN stg_shared g ON g.row_key = s.row_key
LEFT JOIN stg_passed_over q ON q.row_key = s.row_key
LEFT JOIN account_owner o ON o.account = s.account AND s.call_day >= o.valid_from AND s.call_day < o.valid_to
LEFT JOIN run_rule w ON w.workflow = coalesce(h.workflow, s.resource_workflow, g.workflow, o.workflow)
LEFT JOIN provider_alias a ON a.alias = lower(trim(s.provider_raw))
LEFT JOIN model_alias m ON m.provider_raw = coalesce(s.provider_raw, '') AND m.model_raw = s.raw_model
WHERE s.call_day IN (SELECT d.call_day FROM dirty_call_day d) AND {{piece_of_s}}
