SELECT
    CAST(amount AS DECIMAL(24, 10)) AS BilledCost, CAST(amount AS DECIMAL(24, 10)) AS EffectiveCost,
    CAST(amount AS DECIMAL(24, 10)) AS ListCost, CAST(amount AS DECIMAL(24, 10)) AS ContractedCost,
    'payer-' || payer AS BillingAccountId, 'USD' AS BillingCurrency, month AS BillingPeriodStart,
    month + INTERVAL 1 MONTH AS BillingPeriodEnd, month AS ChargePeriodStart, month + INTERVAL 1 MONTH AS ChargePeriodEnd,
    'AWS-' || payer || strftime(month, '-%Y-%m') AS InvoiceId, 'Amazon Web Services, Inc.' AS InvoiceIssuerName,
    'AWS' AS ServiceProviderName, category AS ChargeCategory, class AS ChargeClass, 'One-Time' AS ChargeFrequency,
    service AS ServiceName, 'Other' AS ServiceCategory
FROM (SELECT unnest(generate_series(TIMESTAMP '$month', TIMESTAMP '$until', INTERVAL 1 MONTH)) AS month)
CROSS JOIN range(3) p(payer)
CROSS JOIN (VALUES ('Usage', NULL, 'AWS Support', 1200.125), ('Tax', NULL, 'Tax', 317.77), ('Credit', NULL, 'Credits', -150),
    ('Usage', 'Correction', 'Amazon Service 3', -12.345)) k(category, class, service, amount)
