-- What offices gave themselves by a framework, and the files that prove it.
CREATE TABLE assessment (
    id         text   NOT NULL PRIMARY KEY,
    framework  text   NOT NULL,
    version    bigint NOT NULL,
    office     text   NOT NULL,
    unit       text   NOT NULL,
    year       bigint NOT NULL,
    wave       text   NOT NULL,
    revision   bigint NOT NULL CHECK (revision > 0),
    changed_at bigint NOT NULL,
    changed_by text   NOT NULL,
    document   text   NOT NULL,
    FOREIGN KEY (framework, version) REFERENCES framework (id, version),
    UNIQUE (framework, version, office, year)
) WITHOUT ROWID;

-- A file exists from the moment of its row here, which comes when all of its pieces are on disk.
CREATE TABLE evidence (
    id         text   NOT NULL PRIMARY KEY,
    assessment text   NOT NULL REFERENCES assessment (id),
    criterion  text   NOT NULL,
    name       text   NOT NULL,
    size       bigint NOT NULL CHECK (size > 0),
    sha256     text   NOT NULL,
    added_at   bigint NOT NULL,
    added_by   text   NOT NULL,
    UNIQUE (assessment, criterion, name)
) WITHOUT ROWID;

-- The content of files in small pieces, each in base 64, from 0 on without a gap.
CREATE TABLE evidence_piece (
    file     text   NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    content  text   NOT NULL,
    PRIMARY KEY (file, position)
) WITHOUT ROWID;

-- Pieces that belong to no file: those of one that is being loaded, since when, and those of one that was removed, since 0.
CREATE TABLE evidence_loose (
    file  text   NOT NULL PRIMARY KEY,
    since bigint NOT NULL
) WITHOUT ROWID;
