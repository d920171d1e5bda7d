-- stg_metered_resource: resources that a meter names in a month.
-- grain: (charge_month, resource)
-- slice: none
SELECT
    month_of(m.hour) AS charge_month,
    m.resource,
    coalesce(bool_or(m.gpu_seconds IS NOT NULL), FALSE) AS has_gpu
FROM stg_meter m
WHERE m.resource IS NOT NULL
GROUP BY month_of(m.hour), m.resource
