using EventService.Contracts.V1;
using EventService.Physics.Events;

namespace EventService.Server.Grpc;

/// <summary>Schemas as messages.</summary>
internal static class SchemaMessages
{
    public static Schema ToMessage(this SampleSchema schema) => new()
    {
        Scalars = { schema.Scalars.Select(ToMessage) },
        Collections = { schema.Collections.Select(c => new Collection { Name = c.Name, Maximum = c.Maximum, Columns = { c.Columns.Select(ToMessage) } }) },
        Arrays =
        {
            schema.Arrays.Select(a => new FixedArray { Name = a.Name, Unit = a.Unit, Description = a.Description, Shape = { a.Shape } }),
        },
    };

    public static SampleSchema ToSchema(this Schema schema) => new(
        [.. schema.Scalars.Select(ToSchema)],
        [.. schema.Collections.Select(c => new CollectionSchema(c.Name, c.Maximum, [.. c.Columns.Select(ToSchema)]))])
    {
        Arrays = [.. schema.Arrays.Select(a => new ArraySchema(a.Name, a.Unit, a.Description, [.. a.Shape]))],
    };

    private static Column ToMessage(ColumnSchema column) => new() { Name = column.Name, Unit = column.Unit, Description = column.Description };

    private static ColumnSchema ToSchema(Column column) => new(column.Name, column.Unit, column.Description);
}
