namespace EventService.Registry.Migrations.Postgres;

/// <summary>
/// What the model of the context cannot say: triggers that keep rows as they are or tell servers of changes, and the storage of bytes.
/// </summary>
internal static class InitialGuards
{
    public const string Sql = """
        -- Rows that are added and never changed.

        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'Rows of % are added, never changed or deleted.', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
        END $$;

        CREATE TRIGGER alias_event_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON alias_event EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER version_event_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON version_event EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER validation_card_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON validation_card EXECUTE FUNCTION refuse_change();

        CREATE TRIGGER golden_sample_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON golden_sample EXECUTE FUNCTION refuse_change();

        -- A version: all but its state.

        CREATE FUNCTION refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (NEW.id, NEW.model_id, NEW.number, NEW.sha256, NEW.size_bytes, NEW.document, NEW.created_by, NEW.created_at)
                IS DISTINCT FROM (OLD.id, OLD.model_id, OLD.number, OLD.sha256, OLD.size_bytes, OLD.document, OLD.created_by, OLD.created_at) THEN
                RAISE EXCEPTION 'Of a row of model_version only the state changes.' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$;

        CREATE TRIGGER model_version_unchanged BEFORE UPDATE ON model_version FOR EACH ROW EXECUTE FUNCTION refuse_version_change();
        CREATE TRIGGER model_version_kept BEFORE DELETE OR TRUNCATE ON model_version EXECUTE FUNCTION refuse_change();

        -- Bytes: none change, those of a version stay.

        CREATE FUNCTION refuse_loss_of_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM model_version WHERE sha256 = OLD.sha256) THEN
                RAISE EXCEPTION 'The bytes of a version are not deleted.' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN OLD;
        END $$;

        CREATE TRIGGER artifact_chunk_unchanged BEFORE UPDATE OR TRUNCATE ON artifact_chunk EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER artifact_chunk_kept BEFORE DELETE ON artifact_chunk FOR EACH ROW EXECUTE FUNCTION refuse_loss_of_bytes();

        -- A hint to servers that listen, sent when the transaction commits.

        CREATE FUNCTION notify_registry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NOTIFY eventservice_registry;
            RETURN NULL;
        END $$;

        CREATE TRIGGER alias_notify AFTER INSERT OR UPDATE OR DELETE ON alias FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();
        CREATE TRIGGER model_version_notify AFTER INSERT OR UPDATE ON model_version FOR EACH STATEMENT EXECUTE FUNCTION notify_registry();

        -- EXTERNAL: weights do not compress, and lengths and parts are read without unpacking.

        ALTER TABLE artifact_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

        -- For servers from before EF's migrations: they know scripts up to number 5, and refuse a database that has a later one.

        CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
        INSERT INTO schema_migration (number, name) VALUES (6, 'ef-migrations');
        """;
}
