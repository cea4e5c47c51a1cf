using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventService.Models.Documents;

/// <summary>How documents are written as JSON: camelCase, enums by name, doubles in the shortest form that reads back exactly.</summary>
public static class ModelJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        MaxDepth = 32,
    };
}
