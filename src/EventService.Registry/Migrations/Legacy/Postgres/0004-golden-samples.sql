-- By which the arithmetic of a model is known again: sha256 of its golden sample, in each numerics profile, as the first server saw it.

CREATE TABLE golden_sample (
    sha256 TEXT COLLATE "C" NOT NULL,
    numerics TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    service_version TEXT COLLATE "C" NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_golden_sample PRIMARY KEY (sha256, numerics)
);
CREATE TRIGGER golden_sample_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON golden_sample EXECUTE FUNCTION refuse_change();
