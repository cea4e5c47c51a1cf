using System.Text.Json;
using System.Text.RegularExpressions;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Training.Families;

namespace EventService.Training.Recipes;

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
            throw new ModelFormatException($"The recipe cannot be read: {e.Message} Families are {FlowFamily.Names}, and {ObjectFlowRecipe.Family} of whole events; docs/recipes.md lists all fields.", e);
        }
    }

    /// <summary>Whether the object has this field.</summary>
    /// <exception cref="ModelFormatException">The text is no JSON.</exception>
    public static bool Has(ReadOnlyMemory<byte> json, string field) => Look(json, root => Field(root, field) is not null);

    /// <summary>architecture.family, or null if there is none.</summary>
    /// <exception cref="ModelFormatException">The text is no JSON.</exception>
    public static string? FamilyOf(ReadOnlyMemory<byte> json) =>
        Look(json, root => Field(root, "architecture") is { } architecture && Field(architecture, "family") is { ValueKind: JsonValueKind.String } family ? family.GetString() : null);

    private static JsonElement? Field(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    private static T Look<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T> look)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return look(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException($"The recipe cannot be read: {e.Message}", e);
        }
    }

    public static void RequireName(string field, string value) =>
        Require(value.Length is > 0 and <= 128 && NamePattern().IsMatch(value), $"{field} is '{value}', expected letters, digits, '.', '-' and '_'");

    public static void RequireColumnName(string name) =>
        Require(ColumnPattern().IsMatch(name) && name is not ("event" or "logDensity"), $"the column name '{name}' is not allowed, expected letters, digits and '_', and neither event nor logDensity");

    /// <summary>Checks the alternatives of conditions: that requests can name them, and that events have no column that would be taken for them.</summary>
    public static void RequireAlternatives(IReadOnlyList<(string Name, AlternativeParameter? Alternative)> conditions, IEnumerable<string> columns)
    {
        foreach (var (_, alternative) in conditions.Where(c => c.Alternative is not null))
        {
            RequireColumnName(alternative!.Name); // the letters of a name in a request, and neither event nor logDensity
            Require(!columns.Contains(alternative.Name), $"the alternative '{alternative.Name}' has the name of a column of the events");
        }

        var fault = ConditionSpace.AlternativeFault([.. conditions.Select(c => new ConditionParameter(c.Name, "", "", 0, 0, []) { Alternative = c.Alternative })]);
        Require(fault is null, $"data.conditions: {fault}");
    }

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

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex ColumnPattern();
}
