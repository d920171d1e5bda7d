SELECT
    strftime(TIMESTAMP '$start' + to_hours(i // ($nodes * 3)), '%Y-%m-%dT%H:%M:%SZ') AS hour, 'aws' AS provider,
    'us-east-1' AS region, 'i-' || printf('%017x', i % ($nodes * 3) // 3) AS resource, 'g6.xlarge' AS instance_type,
    'on_demand' AS purchase_option, 1 AS capacity, 'tenant-' || (i % 40) AS tenant, 'agent-' || (i % 60) AS agent,
    'workflow-' || (i % 60 % 25) AS workflow, 300 + hash(i) % 800 AS gpu_seconds
FROM range($hours * $nodes * 3) t(i)
WHERE hash(i // 3, 1) % 50 > 0
