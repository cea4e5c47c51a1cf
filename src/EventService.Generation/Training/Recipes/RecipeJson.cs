using System.Text.Json;
using System.Text.RegularExpressions;

using EventService.Generation.Architectures.Flows.Trainable;

namespace EventService.Generation.Training.Recipes;

/// <summary>Recipes as JSON: comments and trailing commas are allowed, unknown fields are not.</summary>
internal static partial class RecipeJson
{
    public static JsonSerializerOptions Options { get; } = new(ModelJson.Options) { ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowOutOfOrderMetadataProperties = true };

    /// <exception cref="ModelFormatException">The text is no such recipe; the message says why.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> json)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options) ?? throw new ModelFormatException("The recipe is null, expected a JSON object; docs/recipes.md lists all fields.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new ModelFormatException($"The recipe cannot be read: {e.Message} Families are {FlowFamily.Names}; docs/recipes.md lists all fields.", e);
        }
    }

    /// <summary>Whether the object has this field.</summary>
    /// <exception cref="ModelFormatException">The text is no JSON object.</exception>
    public static bool Has(ReadOnlyMemory<byte> json, string field)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(field, out _);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException($"The recipe cannot be read: {e.Message}", e);
        }
    }

    public static void RequireName(string field, string value) =>
        Require(value.Length is > 0 and <= 128 && NamePattern().IsMatch(value), $"{field} is '{value}', expected letters, digits, '.', '-' and '_'");

    /// <exception cref="ModelFormatException">The condition is false.</exception>
    public static void Require(bool condition, string fault)
    {
        if (!condition)
        {
            throw new ModelFormatException($"The recipe is not understood: {fault}.");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9._-]+$")]
    private static partial Regex NamePattern();
}
