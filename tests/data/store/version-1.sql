-- A database as the first devenv made it, whose schema follows to the letter. This file is kept for ever: a store that was
-- made in those days must open (FAULTS O-05). The objects are those of `tests.functional.faults.scenario.add`.

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

INSERT INTO objects VALUES ('9yqihwpmif78i6y3cn2hp2a03gihnk7k-below', 712, 1763683200);
INSERT INTO objects VALUES ('nwyh93xk8wyk524yl9d5r0mb8qz0rpf0-above', 832, 1763683201);
INSERT INTO object_references
    VALUES ('nwyh93xk8wyk524yl9d5r0mb8qz0rpf0-above', '9yqihwpmif78i6y3cn2hp2a03gihnk7k-below');
INSERT INTO realisations VALUES (
    'blake3:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'out',
    'nwyh93xk8wyk524yl9d5r0mb8qz0rpf0-above'
);

PRAGMA user_version = 1;
