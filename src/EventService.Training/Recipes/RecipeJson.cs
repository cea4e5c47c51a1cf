using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;

namespace EventService.Training.Recipes;

/// <summary>Recipes as JSON: comments and trailing commas are allowed, unknown fields are not.</summary>
internal static partial class RecipeJson
{
    private static readonly JsonDocumentOptions s_text = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        MaxDepth = ModelJson.Options.MaxDepth,
    };

    public static JsonSerializerOptions Options { get; } = new(ModelJson.Options)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowOutOfOrderMetadataProperties = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The text as JSON.</summary>
    /// <exception cref="ModelFormatException">It is not JSON; the message says where.</exception>
    public static JsonElement Text(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_text);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            // The library ends its sentence by the place, counted from 0.
            var what = e.Message.Split(" LineNumber:")[0];
            throw new ModelFormatException($"The recipe is no JSON: line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}: {what}", e);
        }
    }

    /// <summary>Reads a recipe of this type, and checks what can be checked without the data.</summary>
    /// <exception cref="ModelFormatException">A field is missing, unknown or wrong; the message says where, and what is
    /// expected.</exception>
    public static Recipe Read(JsonElement json, Type type)
    {
        var fault = JsonShape.Fault(json, type, Options);
        Require(fault is null, fault!);
        try
        {
            var recipe = (Recipe)json.Deserialize(type, Options)!;
            recipe.Check();
            return recipe;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            var place = e is JsonException { Path: { Length: > 2 } path } ? path[2..] : "a field";
            throw new ModelFormatException($"The recipe is not understood: {place} cannot be read. docs/recipes.md lists all fields.", e);
        }
    }

    public static void RequireName(string field, string value) =>
        Require(value.Length is > 0 and <= 128 && NamePattern().IsMatch(value), $"{field} is '{value}', expected letters, digits, '.', '-' and '_'");

    public static void RequireColumnName(string name) =>
        Require(ColumnPattern().IsMatch(name) && name is not ("event" or "logDensity"), $"the column name '{name}' is not allowed, expected letters, digits and '_', and neither event nor logDensity");

    /// <summary>
    /// Checks the alternatives of conditions: that requests can name them, and that events have no column that would be taken for them.
    /// </summary>
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
