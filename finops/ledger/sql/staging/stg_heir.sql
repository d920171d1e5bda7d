-- stg_heir: what a span inherits: the nearest tenant and agent above it, the topmost workflow and run, and the root's own names.
-- grain: (row_key)
-- slice: none
SELECT
    a.row_key,
    arg_min(s.own_tenant, a.place) FILTER (WHERE s.own_tenant IS NOT NULL) AS tenant,
    arg_min(s.own_agent, a.place) FILTER (WHERE s.own_agent IS NOT NULL) AS agent,
    arg_max(s.own_workflow, a.place) FILTER (WHERE s.own_workflow IS NOT NULL) AS workflow,
    arg_max(s.run, a.place) FILTER (WHERE s.run IS NOT NULL) AS run,
    arg_max(s.session, a.place) FILTER (WHERE s.session IS NOT NULL) AS session,
    arg_max(s.own_tenant, a.place) FILTER (WHERE s.own_tenant IS NOT NULL) AS root_tenant,
    arg_max(s.own_agent, a.place) FILTER (WHERE s.own_agent IS NOT NULL) AS root_agent
FROM stg_span s
JOIN stg_ancestor a ON a.ancestor_key = s.row_key
WHERE {{piece_of_a}}
GROUP BY a.row_key
