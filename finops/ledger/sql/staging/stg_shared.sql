-- stg_shared: what the records of one call, of one day, say together of its owner and run; the better record is asked first.
-- grain: (row_key)
-- slice: none
WITH together AS (
    SELECT
        r.best, r.call_day,
        arg_min(coalesce(h.tenant, s.resource_tenant), r.place) FILTER (WHERE coalesce(h.tenant, s.resource_tenant) IS NOT NULL) AS tenant,
        arg_min(coalesce(h.agent, s.resource_agent), r.place) FILTER (WHERE coalesce(h.agent, s.resource_agent) IS NOT NULL) AS agent,
        arg_min(coalesce(h.workflow, s.resource_workflow), r.place)
            FILTER (WHERE coalesce(h.workflow, s.resource_workflow) IS NOT NULL) AS workflow,
        arg_min(h.root_tenant, r.place) FILTER (WHERE h.root_tenant IS NOT NULL) AS root_tenant,
        arg_min(h.root_agent, r.place) FILTER (WHERE h.root_agent IS NOT NULL) AS root_agent,
        arg_min(h.run, r.place) FILTER (WHERE h.run IS NOT NULL) AS run,
        arg_min(h.session, r.place) FILTER (WHERE h.session IS NOT NULL) AS session,
        arg_min(s.trace, r.place) FILTER (WHERE s.trace IS NOT NULL) AS trace
    FROM stg_repeat r
    JOIN stg_span s ON s.row_key = r.row_key
    JOIN stg_heir h ON h.row_key = r.row_key
    GROUP BY r.best, r.call_day
)
SELECT r.row_key, t.tenant, t.agent, t.workflow, t.root_tenant, t.root_agent, t.run, t.session, t.trace
FROM stg_repeat r
JOIN together t ON t.best = r.best AND t.call_day = r.call_day
