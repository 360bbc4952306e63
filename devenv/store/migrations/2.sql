-- From version 1, in which paths were the keys: closures and collections of thousands of objects compare integers.

ALTER TABLE objects RENAME TO old_objects;
ALTER TABLE object_references RENAME TO old_references;
ALTER TABLE realisations RENAME TO old_realisations;
DROP INDEX object_references_reference;
DROP INDEX realisations_path;

CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,       -- `<digest>-<name>`
    size INTEGER NOT NULL,           -- bytes of the object's NAR
    registered INTEGER NOT NULL      -- seconds since the epoch; for people only
) STRICT;

INSERT INTO objects (path, size, registered) SELECT path, size, registered FROM old_objects ORDER BY path;

CREATE TABLE object_references (
    referrer INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    reference INTEGER NOT NULL REFERENCES objects (id) ON DELETE RESTRICT,
    PRIMARY KEY (referrer, reference)
) STRICT, WITHOUT ROWID;

INSERT INTO object_references
    SELECT one.id, other.id FROM old_references
    JOIN objects AS one ON one.path = referrer
    JOIN objects AS other ON other.path = reference;

CREATE INDEX object_references_reference ON object_references (reference);

CREATE TABLE realisations (
    derivation TEXT NOT NULL,        -- a derivation's key, resolved or not
    output TEXT NOT NULL,
    object INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    PRIMARY KEY (derivation, output)
) STRICT, WITHOUT ROWID;

INSERT INTO realisations SELECT derivation, output, id FROM old_realisations JOIN objects USING (path);

CREATE INDEX realisations_object ON realisations (object);

CREATE TABLE gaps (
    reason TEXT NOT NULL             -- why objects may lie on the disk that are in use and not known here
) STRICT;

DROP TABLE old_realisations;
DROP TABLE old_references;
DROP TABLE old_objects;
