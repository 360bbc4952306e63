-- The store's database: a cache of what lies on the disk, plus the realisations. `devenv store rebuild` makes it again.
-- Version 2. `PRAGMA user_version` holds the version; an older one is migrated (migrations/), a newer one refused.

CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,       -- `<digest>-<name>`
    size INTEGER NOT NULL,           -- bytes of the object's NAR
    registered INTEGER NOT NULL      -- seconds since the epoch; for people only
) STRICT;

CREATE TABLE object_references (
    referrer INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    reference INTEGER NOT NULL REFERENCES objects (id) ON DELETE RESTRICT,
    PRIMARY KEY (referrer, reference)
) STRICT, WITHOUT ROWID;

CREATE INDEX object_references_reference ON object_references (reference);

CREATE TABLE realisations (
    derivation TEXT NOT NULL,        -- a derivation's key, resolved or not
    output TEXT NOT NULL,
    object INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    PRIMARY KEY (derivation, output)
) STRICT, WITHOUT ROWID;

CREATE INDEX realisations_object ON realisations (object);

CREATE TABLE gaps (
    reason TEXT NOT NULL             -- why objects may lie on the disk that are in use and not known here
) STRICT;
