-- Objects of a cloud that were fetched and read: the same tag and size again means the same content. `uri` names object and bucket.
CREATE TABLE remote_object (
    uri VARCHAR PRIMARY KEY,
    tag VARCHAR NOT NULL,
    disk_bytes BIGINT NOT NULL,
    content_hash VARCHAR NOT NULL
);
