-- By which the arithmetic of a model is known again: sha256 of its golden sample, in each numerics profile, as the first server saw it.

CREATE TABLE golden_sample (
    sha256 TEXT NOT NULL,
    numerics TEXT NOT NULL,
    digest TEXT NOT NULL,
    service_version TEXT NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT pk_golden_sample PRIMARY KEY (sha256, numerics)
);
CREATE TRIGGER golden_sample_unchanged BEFORE UPDATE ON golden_sample
BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
CREATE TRIGGER golden_sample_kept BEFORE DELETE ON golden_sample
BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
CREATE TRIGGER golden_sample_not_replaced BEFORE INSERT ON golden_sample
    WHEN EXISTS (SELECT 1 FROM golden_sample WHERE sha256 = NEW.sha256 AND numerics = NEW.numerics)
BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
