-- stg_meter: metered hours by resource and owner, in the months of the slices that are built.
-- Use below 0 and capacities that no machine has are unknown.
-- grain: (hour, provider, account, region, resource, instance_type, purchase_option, tenant, agent, workflow)
-- slice: none
SELECT
    date_trunc('hour', m.hour) AS hour,
    coalesce(a.provider, lower(trim(m.provider))) AS provider,
    m.account,
    m.region,
    m.resource,
    m.instance_type,
    m.purchase_option,
    coalesce(owner_name(m.tenant), o.tenant, '__untagged__') AS tenant,
    coalesce(owner_name(m.agent), o.agent, '__untagged__') AS agent,
    coalesce(owner_name(m.workflow), o.workflow, '__untagged__') AS workflow,
    max(CASE WHEN m.capacity > 0 AND m.capacity < 100000000 THEN m.capacity END) AS capacity,
    CAST(sum(CASE WHEN m.gpu_seconds >= 0 THEN m.gpu_seconds END) AS DECIMAL(38, 12)) AS gpu_seconds,
    CAST(sum(CASE WHEN m.cpu_seconds >= 0 THEN m.cpu_seconds END) AS DECIMAL(38, 12)) AS cpu_seconds,
    CAST(sum(CASE WHEN m.memory_gib_seconds >= 0 THEN m.memory_gib_seconds END) AS DECIMAL(38, 12)) AS memory_gib_seconds,
    CAST(sum(CASE WHEN m.requests >= 0 THEN m.requests END) AS DECIMAL(38, 12)) AS requests
FROM meter m
LEFT JOIN provider_alias a ON a.alias = lower(trim(m.provider))
LEFT JOIN account_owner o
    ON o.account = m.account AND CAST(m.hour AS DATE) >= o.valid_from AND CAST(m.hour AS DATE) < o.valid_to
WHERE CAST(m.hour AS DATE) IN (SELECT d.charge_day FROM dirty_charge_day d)
GROUP BY
    date_trunc('hour', m.hour), coalesce(a.provider, lower(trim(m.provider))), m.account, m.region, m.resource, m.instance_type,
    m.purchase_option, coalesce(owner_name(m.tenant), o.tenant, '__untagged__'),
    coalesce(owner_name(m.agent), o.agent, '__untagged__'), coalesce(owner_name(m.workflow), o.workflow, '__untagged__')
