-- stg_metered_name: the last part of the names of metered resources, as a bill may write them too (an ARN, a path, another case).
-- A name that several resources share names none of them; a meter's whole path, where it has one, has to be the bill's.
-- grain: (charge_month, name)
-- slice: none
SELECT
    r.charge_month,
    lower(split_part(r.resource, '/', -1)) AS name,
    min(r.resource) AS resource,
    min(CASE WHEN contains(r.resource, '/') THEN lower(r.resource) END) AS path,
    coalesce(bool_or(r.has_gpu), FALSE) AS has_gpu
FROM stg_metered_resource r
GROUP BY r.charge_month, lower(split_part(r.resource, '/', -1))
HAVING min(r.resource) = max(r.resource)
