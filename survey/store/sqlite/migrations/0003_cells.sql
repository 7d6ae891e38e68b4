-- Counts of the answers: one row for each stratum instead of one for each count, so that an answer changes one row however many
-- questions it answers. The id is the stratum itself (wave, source, class, unit, month, mode, with blanks between), so that rows lie where
-- their content puts them. The counts are text, sorted, so that equal counts are equal text: a line for each item, the responses by
-- disposition first, under the empty item; in each the codes with their counts. Blanks, ends of lines and % in names are written as in a URL.

CREATE TABLE stratum (
    id     text NOT NULL PRIMARY KEY,
    counts text NOT NULL
) WITHOUT ROWID;

INSERT INTO stratum (id, counts)
SELECT id, group_concat(line, char(10) ORDER BY item)
FROM (
    SELECT wave || ' ' || source || ' ' || replace(replace(replace(class, '%', '%25'), ' ', '%20'), char(10), '%0A')
            || ' ' || replace(replace(replace(unit, '%', '%25'), ' ', '%20'), char(10), '%0A') || ' ' || month || ' ' || mode AS id,
        item,
        replace(replace(replace(item, '%', '%25'), ' ', '%20'), char(10), '%0A') || ' '
            || group_concat(CASE item WHEN '' THEN disposition ELSE code END || '=' || n, ' ' ORDER BY code, disposition) AS line
    FROM cell
    WHERE n > 0
    GROUP BY wave, source, class, unit, month, mode, item
)
GROUP BY id
ORDER BY id;

-- How many answers a wave has, and a number that is drawn anew at random whenever they change. It counts nothing.
CREATE TABLE answer_state (
    wave     text   NOT NULL PRIMARY KEY REFERENCES wave (id),
    invited  bigint NOT NULL CHECK (invited >= 0),
    walk_ins bigint NOT NULL CHECK (walk_ins >= 0),
    changes  bigint NOT NULL
) WITHOUT ROWID;

INSERT INTO answer_state (wave, invited, walk_ins, changes)
SELECT id,
    (SELECT coalesce(sum(n), 0) FROM cell WHERE cell.wave = wave.id AND item = '' AND source = 'invited'),
    (SELECT coalesce(sum(n), 0) FROM cell WHERE cell.wave = wave.id AND item = '' AND source = 'walk_in'),
    0
FROM wave;

DROP TABLE cell;

-- The unit that a merged one became part of while waves were open: what still comes for it counts there.
ALTER TABLE unit ADD COLUMN merged_into text NOT NULL DEFAULT '';
