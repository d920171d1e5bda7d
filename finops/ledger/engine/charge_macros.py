"""What a billing line is, said once as SQL macros: its instance type, how it was bought, how many hours it holds."""

from __future__ import annotations

_TYPE_IN_SKU = r"(?:BoxUsage|SpotUsage|ReservedUsage|Host.*Usage|UnusedBox):([a-z0-9-]+\.[a-z0-9-]+)"

CHARGE_MACROS = (
    f"""CREATE OR REPLACE TEMP MACRO charge_instance_type(own_type, details, meter, sku) AS
    coalesce(
        own_type, details['InstanceType'], details['x_InstanceType'],
        nullif(regexp_extract(coalesce(meter, ''), '{_TYPE_IN_SKU}', 1), ''),
        nullif(regexp_extract(coalesce(sku, ''), '{_TYPE_IN_SKU}', 1), '')
    )""",
    r"""CREATE OR REPLACE TEMP MACRO charge_purchase_option(
        commitment_status, capacity_status, category, commitment, pricing_category, meter, description
    ) AS
    CASE
        WHEN commitment_status = 'Unused' OR capacity_status = 'Unused' THEN 'commitment_unused'
        WHEN category = 'Purchase' AND commitment IS NOT NULL THEN 'commitment_purchase'
        WHEN pricing_category IN ('Committed', 'Commitment-Based', 'Commitment Based') OR commitment IS NOT NULL THEN 'committed'
        WHEN pricing_category = 'Dynamic'
            OR regexp_matches(
                coalesce(meter, '') || ' ' || coalesce(description, ''), '(?i)spot ?usage|spot instance|preemptible|\bspot\b'
            )
            THEN 'spot'
        WHEN pricing_category IN ('Standard', 'On-Demand', 'On Demand') THEN 'on_demand'
    END""",
    """CREATE OR REPLACE TEMP MACRO charge_hours(category, consumed_unit, consumed, pricing_unit, priced) AS
    CASE
        WHEN category = 'Usage' AND lower(consumed_unit) IN ('hour', 'hours', 'hrs') THEN consumed
        WHEN category = 'Usage' AND lower(pricing_unit) IN ('hour', 'hours', 'hrs') THEN priced
    END""",
)
