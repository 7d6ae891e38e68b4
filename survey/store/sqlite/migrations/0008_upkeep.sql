-- The register's transactions counted by unit and month, kept in the transaction of whatever changes the register: a page that shows the
-- counts costs the same at ten thousand transactions and at ten million. What is zero is not there.

CREATE TABLE register_count (
    wave  text   NOT NULL REFERENCES wave (id),
    unit  text   NOT NULL,
    month text   NOT NULL,
    n     bigint NOT NULL CHECK (n > 0),
    PRIMARY KEY (wave, unit, month)
) WITHOUT ROWID;

INSERT INTO register_count (wave, unit, month, n)
SELECT wave, unit, substr(CASE WHEN returned <> '' THEN returned ELSE received END, 1, 7) AS month, count(*)
FROM register
GROUP BY wave, unit, month
ORDER BY wave, unit, month;

-- Who may have left answers in the order in which they came: a random name of each program that had the file open and did not say that it
-- left nothing. Whoever keeps the file next then goes through all of it. How an older program left it is not known.
CREATE TABLE unsettled (
    who text NOT NULL PRIMARY KEY
) WITHOUT ROWID;

INSERT INTO unsettled (who) VALUES ('an older program');
