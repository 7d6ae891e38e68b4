-- Published releases are numbered within their wave and chained over all waves: each record holds the seal of the one before.
-- Releases that were published before this step are given their records by the program, in the transaction of the step.

CREATE TABLE publication (
    position      bigint NOT NULL PRIMARY KEY,
    release       text   NOT NULL UNIQUE REFERENCES release (id),
    wave          text   NOT NULL REFERENCES wave (id),
    number        bigint NOT NULL CHECK (number > 0),
    content_hash  text   NOT NULL,
    document_hash text   NOT NULL,
    previous      text   NOT NULL,
    seal          text   NOT NULL UNIQUE,
    UNIQUE (wave, number)
) WITHOUT ROWID;

-- A second wall, as before: the program has no statement that does any of this. What REPLACE puts in the place of a row fires no trigger
-- of a deletion, so an insertion or an update that would meet a published row is refused before it does.

DROP TRIGGER release_is_never_changed;

CREATE TRIGGER release_is_never_changed BEFORE UPDATE ON release
BEGIN
    SELECT raise(ABORT, 'a release never changes');
END;

CREATE TRIGGER release_is_never_replaced BEFORE INSERT ON release
WHEN EXISTS (SELECT 1 FROM release r WHERE r.id = new.id AND r.state = 'published')
BEGIN
    SELECT raise(ABORT, 'a published release is never replaced');
END;

CREATE TRIGGER publication_is_never_changed BEFORE UPDATE ON publication
BEGIN
    SELECT raise(ABORT, 'the record of a published release never changes');
END;

CREATE TRIGGER publication_is_never_deleted BEFORE DELETE ON publication
BEGIN
    SELECT raise(ABORT, 'the record of a published release never goes');
END;

CREATE TRIGGER publication_is_the_next BEFORE INSERT ON publication
WHEN new.position <> (SELECT coalesce(max(p.position), 0) + 1 FROM publication p)
    OR new.number <> (SELECT coalesce(max(p.number), 0) + 1 FROM publication p WHERE p.wave = new.wave)
    OR new.previous <> coalesce((SELECT p.seal FROM publication p ORDER BY p.position DESC LIMIT 1), '')
    OR EXISTS (SELECT 1 FROM publication p WHERE p.release = new.release OR p.seal = new.seal)
    OR NOT EXISTS (SELECT 1 FROM release r WHERE r.id = new.release AND r.wave = new.wave AND r.state = 'published')
BEGIN
    SELECT raise(ABORT, 'a published release comes next in its wave and in the chain');
END;
