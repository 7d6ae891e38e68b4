-- Frameworks that an office is writing. A draft is used by nothing; publishing copies it to framework, where it never changes.
CREATE TABLE framework_draft (
    id         text   NOT NULL PRIMARY KEY,
    revision   bigint NOT NULL,
    changed_at bigint NOT NULL,
    changed_by text   NOT NULL,
    document   text   NOT NULL
) WITHOUT ROWID;
