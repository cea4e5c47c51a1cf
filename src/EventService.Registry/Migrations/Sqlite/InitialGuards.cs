namespace EventService.Registry.Migrations.Sqlite;

/// <summary>
/// What the model of the context cannot say: triggers that keep rows as they are. A later migration that rebuilds a table (SQLite has
/// no other way to change a column) drops the table's triggers and must make them again.
/// </summary>
internal static class InitialGuards
{
    public const string Sql = """
        -- Rows that are added and never changed. INSERT OR REPLACE deletes without asking triggers for deletion: hence those for insertion.

        CREATE TRIGGER alias_event_unchanged BEFORE UPDATE ON alias_event
        BEGIN SELECT RAISE(ABORT, 'Rows of alias_event are added, never changed or deleted.'); END;
        CREATE TRIGGER alias_event_kept BEFORE DELETE ON alias_event
        BEGIN SELECT RAISE(ABORT, 'Rows of alias_event are added, never changed or deleted.'); END;
        CREATE TRIGGER alias_event_not_replaced BEFORE INSERT ON alias_event
            WHEN EXISTS (SELECT 1 FROM alias_event WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'Rows of alias_event are added, never changed or deleted.'); END;

        CREATE TRIGGER version_event_unchanged BEFORE UPDATE ON version_event
        BEGIN SELECT RAISE(ABORT, 'Rows of version_event are added, never changed or deleted.'); END;
        CREATE TRIGGER version_event_kept BEFORE DELETE ON version_event
        BEGIN SELECT RAISE(ABORT, 'Rows of version_event are added, never changed or deleted.'); END;
        CREATE TRIGGER version_event_not_replaced BEFORE INSERT ON version_event
            WHEN EXISTS (SELECT 1 FROM version_event WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'Rows of version_event are added, never changed or deleted.'); END;

        CREATE TRIGGER validation_card_unchanged BEFORE UPDATE ON validation_card
        BEGIN SELECT RAISE(ABORT, 'Rows of validation_card are added, never changed or deleted.'); END;
        CREATE TRIGGER validation_card_kept BEFORE DELETE ON validation_card
        BEGIN SELECT RAISE(ABORT, 'Rows of validation_card are added, never changed or deleted.'); END;
        CREATE TRIGGER validation_card_not_replaced BEFORE INSERT ON validation_card
            WHEN EXISTS (SELECT 1 FROM validation_card WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'Rows of validation_card are added, never changed or deleted.'); END;

        CREATE TRIGGER golden_sample_unchanged BEFORE UPDATE ON golden_sample
        BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
        CREATE TRIGGER golden_sample_kept BEFORE DELETE ON golden_sample
        BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;
        CREATE TRIGGER golden_sample_not_replaced BEFORE INSERT ON golden_sample
            WHEN EXISTS (SELECT 1 FROM golden_sample WHERE sha256 = NEW.sha256 AND numerics = NEW.numerics)
        BEGIN SELECT RAISE(ABORT, 'Rows of golden_sample are added, never changed or deleted.'); END;

        -- A version: all but its state.

        CREATE TRIGGER model_version_unchanged BEFORE UPDATE OF id, model_id, number, sha256, size_bytes, document, created_by, created_at ON model_version
        BEGIN SELECT RAISE(ABORT, 'Of a row of model_version only the state changes.'); END;
        CREATE TRIGGER model_version_kept BEFORE DELETE ON model_version
        BEGIN SELECT RAISE(ABORT, 'Rows of model_version are added, never changed or deleted.'); END;
        CREATE TRIGGER model_version_not_replaced BEFORE INSERT ON model_version
            WHEN EXISTS (SELECT 1 FROM model_version WHERE id = NEW.id OR model_id = NEW.model_id AND (number = NEW.number OR sha256 = NEW.sha256))
        BEGIN SELECT RAISE(ABORT, 'Rows of model_version are added, never changed or deleted.'); END;
        CREATE TRIGGER model_version_state_insert BEFORE INSERT ON model_version
            WHEN NEW.state NOT IN ('active', 'retired')
        BEGIN SELECT RAISE(ABORT, 'The state of a row of model_version is active or retired.'); END;
        CREATE TRIGGER model_version_state_update BEFORE UPDATE ON model_version
            WHEN NEW.state NOT IN ('active', 'retired')
        BEGIN SELECT RAISE(ABORT, 'The state of a row of model_version is active or retired.'); END;

        -- Bytes: none change, those of a version stay.

        CREATE TRIGGER artifact_chunk_unchanged BEFORE UPDATE ON artifact_chunk
        BEGIN SELECT RAISE(ABORT, 'Rows of artifact_chunk are added, never changed.'); END;
        CREATE TRIGGER artifact_chunk_kept BEFORE DELETE ON artifact_chunk
            WHEN EXISTS (SELECT 1 FROM model_version WHERE sha256 = OLD.sha256)
        BEGIN SELECT RAISE(ABORT, 'The bytes of a version are not deleted.'); END;

        -- For servers from before EF's migrations: they know scripts up to number 5, and refuse a database that has a later one.

        CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
        INSERT INTO schema_migration (number, name) VALUES (6, 'ef-migrations');
        """;
}
