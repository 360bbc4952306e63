-- The store's database: a cache of what lies on the disk, plus the realisations. It can be made again from the disk.
-- Version 1. `PRAGMA user_version` holds the version; a newer one is refused.

CREATE TABLE objects (
    path TEXT PRIMARY KEY,           -- `<digest>-<name>`
    size INTEGER NOT NULL,           -- bytes of the object's NAR
    registered INTEGER NOT NULL      -- seconds since the epoch; for people only
) STRICT, WITHOUT ROWID;

CREATE TABLE object_references (
    referrer TEXT NOT NULL REFERENCES objects (path) ON DELETE CASCADE,
    reference TEXT NOT NULL REFERENCES objects (path) ON DELETE RESTRICT,
    PRIMARY KEY (referrer, reference)
) STRICT, WITHOUT ROWID;

CREATE INDEX object_references_reference ON object_references (reference);

CREATE TABLE realisations (
    derivation TEXT NOT NULL,        -- a derivation's key, resolved or not
    output TEXT NOT NULL,
    path TEXT NOT NULL REFERENCES objects (path) ON DELETE CASCADE,
    PRIMARY KEY (derivation, output)
) STRICT, WITHOUT ROWID;

CREATE INDEX realisations_path ON realisations (path);
