-- Kiosks become devices that enrol by a code; what they deliver is noted by number, apart from the responses.

-- Random, of drafts that a kiosk sends under a token, and nowhere else.
ALTER TABLE response ADD COLUMN sitting text NOT NULL DEFAULT '';

CREATE TABLE enrolment (
    code_hash text   NOT NULL PRIMARY KEY,
    point     text   NOT NULL UNIQUE REFERENCES point (id),
    pin       text   NOT NULL,
    expires   bigint NOT NULL
) WITHOUT ROWID;

CREATE TABLE device (
    id              text   NOT NULL PRIMARY KEY,
    point           text   NOT NULL REFERENCES point (id),
    credential_hash text   NOT NULL UNIQUE,
    pin             text   NOT NULL,
    enrolled        bigint NOT NULL,
    revoked         bigint NOT NULL
) WITHOUT ROWID;

-- What a device keeps the waiting answers in, and the last that it told of itself.
CREATE TABLE queue (
    id     text   NOT NULL PRIMARY KEY,
    device text   NOT NULL REFERENCES device (id),
    begun  bigint NOT NULL,
    beat   text   NOT NULL
) WITHOUT ROWID;

-- The sequence numbers that arrived, as stretches; never a response.
CREATE TABLE delivery (
    queue text   NOT NULL REFERENCES queue (id),
    first bigint NOT NULL,
    last  bigint NOT NULL CHECK (last >= first),
    PRIMARY KEY (queue, first)
) WITHOUT ROWID;

CREATE TABLE refused_delivery (
    queue  text   NOT NULL REFERENCES queue (id),
    reason text   NOT NULL,
    n      bigint NOT NULL,
    PRIMARY KEY (queue, reason)
) WITHOUT ROWID;

-- Suspect responses, counted where the point is known to have enough answers in the month.
CREATE TABLE signal_count (
    wave   text   NOT NULL REFERENCES wave (id),
    unit   text   NOT NULL,
    point  text   NOT NULL,
    month  text   NOT NULL,
    signal text   NOT NULL,
    n      bigint NOT NULL,
    PRIMARY KEY (wave, unit, point, month, signal)
) WITHOUT ROWID;

-- Kiosks signed in with accounts of their own before. Nothing of them is of use any more; the audit trail keeps their names.
DELETE FROM session WHERE account IN (SELECT id FROM account WHERE role = 'kiosk');
DELETE FROM account WHERE role = 'kiosk';
ALTER TABLE account DROP COLUMN point;
