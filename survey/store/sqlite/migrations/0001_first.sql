-- The first schema. No table has row numbers (WITHOUT ROWID): a row number would keep the order of arrival.
-- Columns are bigint, double precision and text only; '' stands for nothing, so that every comparison has an answer.

CREATE TABLE unit (
    id         text NOT NULL PRIMARY KEY,
    code       text NOT NULL,
    kind       text NOT NULL,
    name       text NOT NULL,
    parent     text NOT NULL,
    from_day   text NOT NULL,
    to_day     text NOT NULL,
    successors text NOT NULL
) WITHOUT ROWID;

CREATE TABLE instrument (
    id       text   NOT NULL,
    version  bigint NOT NULL,
    document text   NOT NULL,
    PRIMARY KEY (id, version)
) WITHOUT ROWID;

CREATE TABLE framework (
    id       text   NOT NULL,
    version  bigint NOT NULL,
    document text   NOT NULL,
    PRIMARY KEY (id, version)
) WITHOUT ROWID;

CREATE TABLE wave (
    id       text NOT NULL PRIMARY KEY,
    from_day text NOT NULL,
    to_day   text NOT NULL,
    state    text NOT NULL CHECK (state IN ('open', 'closed')),
    document text NOT NULL
) WITHOUT ROWID;

-- The transactions of a wave: the sampling frame.
CREATE TABLE register (
    wave      text NOT NULL REFERENCES wave (id),
    dossier   text NOT NULL,
    procedure text NOT NULL,
    field     text NOT NULL,
    unit      text NOT NULL REFERENCES unit (id),
    channel   text NOT NULL,
    received  text NOT NULL,
    due       text NOT NULL,
    returned  text NOT NULL,
    PRIMARY KEY (wave, dossier)
) WITHOUT ROWID;

CREATE TABLE draw (
    wave     text             NOT NULL REFERENCES wave (id),
    number   bigint           NOT NULL,
    fraction double precision NOT NULL,
    seed     text             NOT NULL,
    as_of    text             NOT NULL,
    map      text             NOT NULL,
    PRIMARY KEY (wave, number)
) WITHOUT ROWID;

CREATE TABLE class (
    wave       text   NOT NULL,
    id         text   NOT NULL,
    draw       bigint NOT NULL,
    labels     text   NOT NULL,
    population bigint NOT NULL,
    invited    bigint NOT NULL,
    PRIMARY KEY (wave, id),
    FOREIGN KEY (wave, draw) REFERENCES draw (wave, number)
) WITHOUT ROWID;

-- The class of every transaction that a draw has covered, invited or not.
CREATE TABLE coverage (
    wave    text NOT NULL,
    dossier text NOT NULL,
    class   text NOT NULL,
    PRIMARY KEY (wave, dossier),
    FOREIGN KEY (wave, dossier) REFERENCES register (wave, dossier),
    FOREIGN KEY (wave, class) REFERENCES class (wave, id)
) WITHOUT ROWID;

-- Nothing here changes when an invitation is answered.
CREATE TABLE invitation (
    token_hash text NOT NULL PRIMARY KEY,
    wave       text NOT NULL,
    dossier    text NOT NULL,
    class      text NOT NULL,
    UNIQUE (wave, dossier),
    FOREIGN KEY (wave, dossier) REFERENCES register (wave, dossier),
    FOREIGN KEY (wave, class) REFERENCES class (wave, id)
) WITHOUT ROWID;

-- One answer, one row: a class or a unit and a month, and nothing finer. It has no second index, which would remember the
-- order of arrival.
CREATE TABLE response (
    id           text   NOT NULL PRIMARY KEY,
    wave         text   NOT NULL REFERENCES wave (id),
    instrument   text   NOT NULL,
    version      bigint NOT NULL,
    mode         text   NOT NULL,
    source       text   NOT NULL CHECK (source IN ('invited', 'walk_in')),
    class        text   NOT NULL,
    unit         text   NOT NULL,
    month        text   NOT NULL,
    language     text   NOT NULL,
    modules      text   NOT NULL,
    revision     bigint NOT NULL,
    disposition  text   NOT NULL,
    answers      text   NOT NULL,
    suspect      bigint NOT NULL,
    content_hash text   NOT NULL,
    CHECK (source = 'walk_in' AND class = '' OR source = 'invited' AND class <> '' AND unit = '' AND month = ''),
    FOREIGN KEY (instrument, version) REFERENCES instrument (id, version)
) WITHOUT ROWID;

CREATE TABLE comment (
    id       text NOT NULL PRIMARY KEY,
    wave     text NOT NULL REFERENCES wave (id),
    unit     text NOT NULL,
    language text NOT NULL,
    text     text NOT NULL
) WITHOUT ROWID;

-- Counts of the answers, kept in the transaction of each.
CREATE TABLE cell (
    wave        text   NOT NULL,
    source      text   NOT NULL,
    class       text   NOT NULL,
    unit        text   NOT NULL,
    month       text   NOT NULL,
    mode        text   NOT NULL,
    item        text   NOT NULL,
    code        bigint NOT NULL,
    disposition text   NOT NULL,
    n           bigint NOT NULL CHECK (n >= 0),
    PRIMARY KEY (wave, source, class, unit, month, mode, item, code, disposition)
) WITHOUT ROWID;

CREATE TABLE day_count (
    wave  text   NOT NULL REFERENCES wave (id),
    unit  text   NOT NULL,
    point text   NOT NULL,
    day   text   NOT NULL,
    n     bigint NOT NULL,
    PRIMARY KEY (wave, unit, point, day)
) WITHOUT ROWID;

CREATE TABLE release (
    id       text   NOT NULL PRIMARY KEY,
    wave     text   NOT NULL REFERENCES wave (id),
    state    text   NOT NULL CHECK (state IN ('provisional', 'published')),
    made_at  bigint NOT NULL,
    document text   NOT NULL
) WITHOUT ROWID;

CREATE INDEX release_by_wave ON release (wave, state, made_at, id);

-- The program has no statement that changes a published release. These are the second wall.
CREATE TRIGGER release_is_never_changed BEFORE UPDATE ON release WHEN old.state = 'published'
BEGIN
    SELECT raise(ABORT, 'a published release never changes');
END;

CREATE TRIGGER release_is_never_deleted BEFORE DELETE ON release WHEN old.state = 'published'
BEGIN
    SELECT raise(ABORT, 'a published release never goes');
END;

CREATE TABLE point (
    id      text   NOT NULL PRIMARY KEY,
    unit    text   NOT NULL REFERENCES unit (id),
    name    text   NOT NULL,
    revoked bigint NOT NULL
) WITHOUT ROWID;

CREATE TABLE account (
    id            text   NOT NULL PRIMARY KEY,
    name          text   NOT NULL UNIQUE,
    role          text   NOT NULL,
    units         text   NOT NULL,
    point         text   NOT NULL,
    password_hash text   NOT NULL,
    disabled      bigint NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
    hash    text   NOT NULL PRIMARY KEY,
    account text   NOT NULL REFERENCES account (id),
    created bigint NOT NULL,
    expires bigint NOT NULL
) WITHOUT ROWID;

-- What people with accounts did. Answers leave no row here.
CREATE TABLE audit (
    id      text   NOT NULL PRIMARY KEY,
    at      bigint NOT NULL,
    account text   NOT NULL,
    name    text   NOT NULL,
    act     text   NOT NULL,
    subject text   NOT NULL,
    detail  text   NOT NULL
) WITHOUT ROWID;
