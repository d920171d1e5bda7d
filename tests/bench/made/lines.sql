WITH slot AS (
    SELECT i // $per_hour AS hour_no, i % $per_hour AS slot FROM range($first, $last) t(i)
),
resource AS (
    SELECT *, slot < $gpu_nodes AS is_gpu, TIMESTAMP '$start' + to_hours(hour_no) AS begun,
        hash(slot, CASE WHEN slot < $gpu_nodes THEN 0 ELSE hour_no // (24 * (3 + slot % 29)) END) % 4294967296 AS life
    FROM slot
),
placed AS (SELECT *, hash(life, 1) % $deployments AS d FROM resource),
known AS (
    SELECT *, hash(d, 2) % 97 AS dice, hash(d, 10) % 60 AS agent, hash(d, 2) % 97 BETWEEN 9 AND 13 AND NOT is_gpu AS is_platform,
        CASE WHEN is_platform THEN 0 ELSE hash(d, 4) % 30 END AS account_no, CASE WHEN is_platform THEN 0 ELSE hash(d, 5) % 8 END AS region_no,
        CASE WHEN is_platform THEN 40 + life % 12 ELSE hash(d, life % 8, 3) % 1500 END AS sku_no, hash(life, hour_no, 6) % 100000 AS used, hash(life, 7) % 20 AS bought
    FROM placed
),
priced AS (
    SELECT *, sku_no % 60 AS service_no, slot = $gpu_nodes AS is_unused,
        CAST(CASE WHEN is_gpu THEN 8048 ELSE 1 + hash(sku_no, 8) % 20000 END AS DECIMAL(18, 0)) * 0.0001 AS unit_price,
        CAST(CASE WHEN is_gpu THEN 100000 ELSE used END AS DECIMAL(18, 0)) * 0.00001 AS quantity
    FROM known
)
SELECT
    CAST(CASE WHEN bought = 0 THEN 0 ELSE unit_price * quantity * 0.93 END AS DECIMAL(24, 10)) AS BilledCost,
    CAST(unit_price * quantity * CASE WHEN bought = 0 THEN 0.61 ELSE 0.93 END AS DECIMAL(24, 10)) AS EffectiveCost,
    CAST(unit_price * quantity AS DECIMAL(24, 10)) AS ListCost,
    CAST(unit_price * quantity * 0.93 AS DECIMAL(24, 10)) AS ContractedCost,
    unit_price AS ListUnitPrice, quantity AS PricingQuantity, quantity AS ConsumedQuantity,
    CASE WHEN service_no < 20 OR is_gpu THEN 'Hours' ELSE 'GB' END AS PricingUnit,
    CASE WHEN service_no < 20 OR is_gpu THEN 'Hours' ELSE 'GB' END AS ConsumedUnit,
    'payer-' || account_no % 3 AS BillingAccountId, '2109876' || (54300 + account_no) AS SubAccountId, 'USD' AS BillingCurrency,
    date_trunc('month', begun) AS BillingPeriodStart, date_trunc('month', begun) + INTERVAL 1 MONTH AS BillingPeriodEnd,
    begun AS ChargePeriodStart, begun + INTERVAL 1 HOUR AS ChargePeriodEnd,
    'AWS-' || account_no % 3 || strftime(begun, '-%Y-%m') AS InvoiceId, 'Amazon Web Services, Inc.' AS InvoiceIssuerName,
    'AWS' AS ServiceProviderName, 'Usage' AS ChargeCategory, CAST(NULL AS VARCHAR) AS ChargeClass, 'Usage-Based' AS ChargeFrequency,
    CASE WHEN bought = 0 THEN 'Committed' WHEN bought = 1 THEN 'Dynamic' ELSE 'Standard' END AS PricingCategory,
    CASE WHEN bought = 0 THEN 'sp-' || account_no % 3 END AS CommitmentDiscountId,
    CASE WHEN bought = 0 THEN CASE WHEN is_unused THEN 'Unused' ELSE 'Used' END END AS CommitmentDiscountStatus,
    CASE WHEN is_gpu THEN 'Amazon Elastic Compute Cloud' WHEN service_no = 0 THEN 'Amazon Elastic Compute Cloud'
        ELSE 'Amazon Service ' || service_no END AS ServiceName,
    CASE WHEN service_no < 20 OR is_gpu THEN 'Compute' WHEN service_no < 30 THEN 'Storage' WHEN service_no < 40 THEN 'Networking'
        ELSE 'Other' END AS ServiceCategory,
    CASE WHEN service_no < 20 OR is_gpu THEN 'Virtual Machines' ELSE 'Other' END AS ServiceSubcategory,
    'us-east-' || region_no AS RegionId,
    'i-' || printf('%017x', CASE WHEN is_gpu THEN slot ELSE CAST(life AS BIGINT) END) AS ResourceId,
    CASE WHEN is_gpu THEN 'sku-gpu' ELSE 'sku-' || sku_no END AS SkuId,
    CASE WHEN is_gpu THEN 'BoxUsage:g6.xlarge' WHEN service_no < 20 THEN 'BoxUsage:m7.' || sku_no % 12 || 'xlarge'
        ELSE 'Requests-Tier' || sku_no % 9 END AS SkuMeter,
    'usage of service ' || service_no || ', kind ' || sku_no AS ChargeDescription,
    CASE
        WHEN is_gpu THEN MAP {'pool': 'gpu', 'env': 'prod'}
        WHEN dice < 9 THEN MAP {'env': 'dev'}
        WHEN is_platform THEN MAP {'env': 'prod', 'pool': 'observability'}
        WHEN dice < 70 THEN MAP {'env': 'prod', 'team': 'team-' || d % 45, 'cost-center': 'cc-' || d % 17, 'tenant': 'tenant-' || d % 40}
        ELSE MAP {'env': 'prod', 'team': 'team-' || d % 45, 'cost-center': 'cc-' || d % 17, 'tenant': 'tenant-' || d % 40,
            'agent': 'agent-' || agent, 'workflow': 'workflow-' || agent % 25}
    END AS Tags
FROM priced
