-- What was shown of a wave grows by one epoch at a time and never goes: all that is withheld later rests on it.
CREATE TRIGGER disclosed_comes_next BEFORE UPDATE ON disclosed WHEN new.wave <> old.wave OR new.epoch <> old.epoch + 1
BEGIN
    SELECT raise(ABORT, 'what was shown of a wave grows by one epoch');
END;

CREATE TRIGGER disclosed_begins BEFORE INSERT ON disclosed
WHEN new.epoch <> coalesce((SELECT d.epoch FROM disclosed d WHERE d.wave = new.wave), 0) + 1
BEGIN
    SELECT raise(ABORT, 'what was shown of a wave begins with its first epoch');
END;

CREATE TRIGGER disclosed_never_goes BEFORE DELETE ON disclosed
BEGIN
    SELECT raise(ABORT, 'what was shown of a wave never goes');
END;
