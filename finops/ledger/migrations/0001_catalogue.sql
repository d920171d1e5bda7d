-- What was ingested, in which parts it lies, which slices it touches, and what was refused.
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);

-- A delivery is one file of a source. `ingest` counts the ingest calls; `superseded_by` is the delivery that took its place.
CREATE TABLE delivery (
    delivery_id BIGINT PRIMARY KEY,
    ingest BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL,
    disk_bytes BIGINT NOT NULL,
    superseded_by BIGINT
);

-- A batch is what one delivery brought of one contract. It is current while `superseded_by`, a delivery, is null.
CREATE TABLE batch (
    batch_id BIGINT PRIMARY KEY,
    delivery_id BIGINT NOT NULL,
    ingest BIGINT NOT NULL,
    contract VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    reject_count BIGINT NOT NULL,
    notes VARCHAR[] NOT NULL,
    superseded_by BIGINT,
    built BOOLEAN NOT NULL
);

CREATE TABLE part (
    file VARCHAR PRIMARY KEY,
    batch_id BIGINT NOT NULL,
    contract VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    disk_bytes BIGINT NOT NULL,
    content_hash VARCHAR NOT NULL
);

-- The slices that a batch touches. For charges `account` is the billing account, else the issuer in brackets;
-- for other contracts account and billing_period are null. `day` is the UTC day of the contract's time.
CREATE TABLE slice (
    batch_id BIGINT NOT NULL,
    account VARCHAR,
    billing_period TIMESTAMP,
    day DATE,
    row_count BIGINT NOT NULL,
    invoiced BOOLEAN NOT NULL
);

-- Totals of BilledCost per batch: `source_total` is the exact sum of the raw text, `stored` the sum of what was stored,
-- `rounding` = stored - source_total. The exact figures are text, because raw amounts may have more digits than a DECIMAL holds.
CREATE TABLE control (
    batch_id BIGINT NOT NULL,
    billing_period TIMESTAMP,
    issuer VARCHAR,
    account VARCHAR,
    currency VARCHAR NOT NULL,
    row_count BIGINT NOT NULL,
    source_total VARCHAR NOT NULL,
    rounding VARCHAR NOT NULL,
    stored DECIMAL(38, 12) NOT NULL
);

-- Totals that a file or manifest states about itself.
CREATE TABLE stated_total (batch_id BIGINT NOT NULL, name VARCHAR NOT NULL, total VARCHAR NOT NULL);

CREATE TABLE reject (
    batch_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    column_name VARCHAR,
    reason VARCHAR NOT NULL,
    raw_text VARCHAR
);
