WITH span AS (
    SELECT run, place, printf('%032x', hash(run, 9) % 9000000000000000000) AS trace, hash(run, 1) % 40 AS tenant,
        hash(run, 2) % 60 AS agent, hash(run, 2) % 60 % 25 AS workflow, hash(run, place, 4) % 9000 AS asked, hash(run, place, 5) % 900 AS told,
        CASE WHEN hash(run, place, 6) % 3 = 0 THEN 'gpt-4.1' ELSE 'gpt-4o-mini' END AS model,
        $epoch_ns + (run - $first_run) * (86000000000000 // $runs) + place * 700000000 AS begun
    FROM range($first_run, $first_run + $runs) r(run), range($calls_per_run + 1) p(place)
)
SELECT '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"desk"}}]},"scopeSpans":[{"scope":'
    || '{"name":"desk","version":"1"},"spans":[' || string_agg(
    '{"traceId":"' || trace || '","spanId":"' || printf('%016x', run * 16 + place + 1) || '",'
    || CASE WHEN place > 0 THEN '"parentSpanId":"' || printf('%016x', run * 16 + 1) || '",' ELSE '' END
    || '"name":"' || CASE WHEN place = 0 THEN 'invoke_agent' ELSE 'chat' END || '","kind":3,"startTimeUnixNano":"' || begun
    || '","endTimeUnixNano":"' || (begun + CASE WHEN place = 0 THEN 6500000000 ELSE 600000000 END) || '","attributes":[' || CASE WHEN place = 0 THEN
        '{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"tenant.id","value":{"stringValue":"tenant-'
        || tenant || '"}},{"key":"gen_ai.agent.name","value":{"stringValue":"agent-' || agent
        || '"}},{"key":"gen_ai.workflow.name","value":{"stringValue":"workflow-' || workflow || '"}}'
    ELSE
        '{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},'
        || '{"key":"gen_ai.request.model","value":{"stringValue":"' || model || '"}},{"key":"gen_ai.response.id","value":{"stringValue":"resp-'
        || run || '-' || place || '"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"' || asked
        || '"}},{"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"' || asked // 3
        || '"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"' || told || '"}}'
    END || '],"status":{}}', ',' ORDER BY run, place) || ']}]}]}' AS line
FROM span
GROUP BY run // 20
