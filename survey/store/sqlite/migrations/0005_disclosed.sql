-- What everything that was shown of a wave lets its readers know: what decides which figures may change next. Nobody is shown it.
CREATE TABLE disclosed (
    wave     text   NOT NULL PRIMARY KEY REFERENCES wave (id),
    epoch    bigint NOT NULL,
    document text   NOT NULL
) WITHOUT ROWID;
