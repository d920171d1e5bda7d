-- calls_of_several_sources: days of a provider's models of which several kinds of sources brought calls that nothing joins, unless
-- configuration says that they are other calls. Where one kind has seen all that another has, what it has besides are other calls.
WITH doubtful AS (
    SELECT DISTINCT r.call_day, r.provider, r.model, r.route
    FROM fct_route r
    JOIN fct_route o
        ON o.call_day = r.call_day AND o.provider IS NOT DISTINCT FROM r.provider AND o.model IS NOT DISTINCT FROM r.model
        AND NOT list_has_all(string_split(o.route, '+'), string_split(r.route, '+'))
        AND NOT list_has_all(string_split(r.route, '+'), string_split(o.route, '+'))
    WHERE r.call_day >= coalesce(CAST($first AS DATE), DATE '0001-01-01')
        AND r.call_day < coalesce(CAST($end AS DATE), DATE '9999-12-31')
),
settled AS (
    SELECT d.call_day, d.provider, arg_min(c.source, c.ordinal) AS source
    FROM (SELECT DISTINCT call_day, provider FROM doubtful) d
    JOIN count_rule c ON c.valid_from <= d.call_day AND d.call_day < c.valid_to
    LEFT JOIN provider_alias a ON a.alias = c.provider
    WHERE c.provider = '*' OR coalesce(a.provider, c.provider) = d.provider
    GROUP BY d.call_day, d.provider
)
SELECT
    r.provider, r.route, min(r.call_day) AS first_day, max(r.call_day) AS last_day, CAST(sum(r.calls) AS BIGINT) AS calls
FROM fct_route r
JOIN doubtful d
    ON d.call_day = r.call_day AND d.provider IS NOT DISTINCT FROM r.provider AND d.model IS NOT DISTINCT FROM r.model
    AND d.route = r.route
LEFT JOIN settled s ON s.call_day = r.call_day AND s.provider = r.provider
WHERE s.source IS DISTINCT FROM '*'
GROUP BY r.provider, r.route
ORDER BY r.provider NULLS LAST, r.route
