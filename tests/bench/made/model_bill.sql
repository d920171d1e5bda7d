SELECT
    CAST(tokens * price * 0.95 / 1000000 AS DECIMAL(24, 10)) AS BilledCost, CAST(tokens * price * 0.95 / 1000000 AS DECIMAL(24, 10)) AS EffectiveCost,
    CAST(tokens * price / 1000000 AS DECIMAL(24, 10)) AS ListCost, CAST(tokens * price * 0.95 / 1000000 AS DECIMAL(24, 10)) AS ContractedCost,
    'org-1' AS BillingAccountId, 'USD' AS BillingCurrency, date_trunc('month', day) AS BillingPeriodStart,
    date_trunc('month', day) + INTERVAL 1 MONTH AS BillingPeriodEnd, day AS ChargePeriodStart, day + INTERVAL 1 DAY AS ChargePeriodEnd,
    strftime(day, 'OPENAI-%Y-%m') AS InvoiceId, 'OpenAI' AS InvoiceIssuerName, 'OpenAI' AS ServiceProviderName,
    'Usage' AS ChargeCategory, 'Usage-Based' AS ChargeFrequency, 'Standard' AS PricingCategory, 'OpenAI API' AS ServiceName,
    'AI and Machine Learning' AS ServiceCategory, 'Generative AI' AS ServiceSubcategory, model || '-' || class AS SkuId,
    model AS x_Model, class AS x_TokenClass
FROM (SELECT unnest(generate_series(TIMESTAMP '$first', TIMESTAMP '$last', INTERVAL 1 DAY)) AS day)
CROSS JOIN (VALUES ('gpt-4.1', 'input_uncached', 2), ('gpt-4.1', 'cache_read', 0.5), ('gpt-4.1', 'output', 8),
    ('gpt-4o-mini', 'input_uncached', 0.15), ('gpt-4o-mini', 'cache_read', 0.075), ('gpt-4o-mini', 'output', 0.6)
    ) k(model, class, price)
CROSS JOIN (SELECT $calls * 400 AS tokens)
