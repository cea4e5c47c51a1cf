using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventService.Training.Recipes;

/// <summary>
/// Compares JSON with the type that it is to be read as, by the type's metadata, before it is read: what is wrong is said by the place
/// in the JSON and by what may stand there, in the words of the file's writer. What passes can be deserialised.
/// </summary>
internal static class JsonShape
{
    /// <summary>The first fault in the order of the text; null if there is none.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="type">What it is to be read as.</param>
    /// <param name="options">How it is to be read.</param>
    /// <param name="place">Where it stands, such as "data.columns[2]"; empty for the whole.</param>
    public static string? Fault(JsonElement json, Type type, JsonSerializerOptions options, string place = "")
    {
        var info = options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        if (info.PolymorphismOptions is { } polymorphism)
        {
            return OfFamily(json, info, polymorphism, place);
        }

        return info.Kind switch
        {
            JsonTypeInfoKind.Object => OfObject(json, info, discriminator: null, place),
            JsonTypeInfoKind.Enumerable => OfList(json, info, place),
            JsonTypeInfoKind.Dictionary => OfDictionary(json, info, place),
            _ => OfValue(json, info, place),
        };
    }

    /// <summary>The names by which a type's kinds are told apart.</summary>
    public static IReadOnlyList<string> NamesOf(Type type, JsonSerializerOptions options) =>
        [.. options.GetTypeInfo(type).PolymorphismOptions!.DerivedTypes.Select(d => (string)d.TypeDiscriminator!)];

    /// <summary>The name by which the kind of a value is told from the others of its type.</summary>
    public static string NameOf(object value, Type type, JsonSerializerOptions options)
    {
        var kinds = options.GetTypeInfo(type).PolymorphismOptions!.DerivedTypes;
        return (string)kinds.Single(d => d.DerivedType == value.GetType()).TypeDiscriminator!;
    }

    private static string? OfFamily(JsonElement json, JsonTypeInfo info, JsonPolymorphismOptions polymorphism, string place)
    {
        var discriminator = polymorphism.TypeDiscriminatorPropertyName;
        var expected = $"expected one of {string.Join(", ", NamesOf(info.Type, info.Options))}";
        if (json.ValueKind != JsonValueKind.Object)
        {
            return $"{Named(place)} is {Text(json)}, expected an object with {discriminator}";
        }

        if (!json.TryGetProperty(discriminator, out var name))
        {
            return $"{Member(place, discriminator)} is missing, {expected}";
        }

        var derived = name.ValueKind == JsonValueKind.String
            ? polymorphism.DerivedTypes.FirstOrDefault(d => name.ValueEquals((string)d.TypeDiscriminator!))
            : default;
        return derived.DerivedType is null
            ? $"{Member(place, discriminator)} is {Text(name)}, {expected}"
            : OfObject(json, info.Options.GetTypeInfo(derived.DerivedType), discriminator, place);
    }

    private static string? OfObject(JsonElement json, JsonTypeInfo info, string? discriminator, string place)
    {
        JsonPropertyInfo[] properties = [.. Fields(info)];
        var names = string.Join(", ", properties.Select(p => p.Name).Prepend(discriminator).OfType<string>());
        if (json.ValueKind != JsonValueKind.Object)
        {
            return $"{Named(place)} is {Text(json)}, expected an object with {names}";
        }

        HashSet<string> found = [];
        foreach (var member in json.EnumerateObject())
        {
            if (member.Name == discriminator)
            {
                continue;
            }

            if (properties.FirstOrDefault(p => Same(p, member.Name, info.Options)) is not { } property)
            {
                return $"{Member(place, member.Name)} is not a field there; expected {names}";
            }

            if (!found.Add(property.Name))
            {
                return $"{Member(place, property.Name)} is there twice, expected once";
            }

            if (OfMember(member.Value, property, info.Options, Member(place, property.Name)) is { } fault)
            {
                return fault;
            }
        }

        var missing = properties.FirstOrDefault(p => IsRequired(p) && !found.Contains(p.Name));
        return missing is null ? null : $"{Member(place, missing.Name)} is missing, expected {Kind(missing.PropertyType, info.Options)}";
    }

    private static string? OfMember(JsonElement json, JsonPropertyInfo property, JsonSerializerOptions options, string place)
    {
        var type = property.PropertyType;
        if (json.ValueKind != JsonValueKind.Null)
        {
            return Fault(json, type, options, place);
        }

        var takesNull = type.IsValueType ? Nullable.GetUnderlyingType(type) is not null : property.IsSetNullable;
        return takesNull ? null : $"{place} is null, expected {Kind(type, options)}";
    }

    private static string? OfList(JsonElement json, JsonTypeInfo info, string place)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            return $"{Named(place)} is {Text(json)}, expected {Kind(info.Type, info.Options)}";
        }

        return json.EnumerateArray()
            .Select((element, k) => OfElement(element, info.ElementType!, info.Options, $"{place}[{k}]"))
            .FirstOrDefault(f => f is not null);
    }

    private static string? OfDictionary(JsonElement json, JsonTypeInfo info, string place)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return $"{Named(place)} is {Text(json)}, expected {Kind(info.Type, info.Options)}";
        }

        return json.EnumerateObject()
            .Select(m => OfElement(m.Value, info.ElementType!, info.Options, Member(place, m.Name)))
            .FirstOrDefault(f => f is not null);
    }

    private static string? OfElement(JsonElement json, Type type, JsonSerializerOptions options, string place) =>
        json.ValueKind == JsonValueKind.Null ? $"{place} is null, expected {Kind(type, options)}" : Fault(json, type, options, place);

    /// <summary>A value that the type reads by itself: it is tried.</summary>
    private static string? OfValue(JsonElement json, JsonTypeInfo info, string place)
    {
        try
        {
            json.Deserialize(info);
            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NotSupportedException)
        {
            return $"{Named(place)} is {Text(json)}, expected {Kind(info.Type, info.Options)}";
        }
    }

    private static bool IsRequired(JsonPropertyInfo property) =>
        property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false, IsMemberInitializer: false };

    private static bool Same(JsonPropertyInfo property, string name, JsonSerializerOptions options)
    {
        var comparison = options.PropertyNameCaseInsensitive ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return string.Equals(property.Name, name, comparison);
    }

    private static IEnumerable<JsonPropertyInfo> Fields(JsonTypeInfo info) =>
        info.Properties.Where(p => p.Set is not null || p.AssociatedParameter is not null);

    /// <summary>What values of a type are, to the writer of the file.</summary>
    private static string Kind(Type type, JsonSerializerOptions options)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            return $"one of {string.Join(", ", Enum.GetNames(type))}";
        }

        return Type.GetTypeCode(type) switch
        {
            TypeCode.String => "text",
            TypeCode.Boolean => "true or false",
            TypeCode.Byte or TypeCode.UInt16 or TypeCode.UInt32 or TypeCode.UInt64 => "a whole number of at least 0",
            TypeCode.SByte or TypeCode.Int16 or TypeCode.Int32 or TypeCode.Int64 => "a whole number",
            TypeCode.Single or TypeCode.Double or TypeCode.Decimal => "a number",
            _ => options.GetTypeInfo(type) switch
            {
                { PolymorphismOptions: { } polymorphism } => $"an object with {polymorphism.TypeDiscriminatorPropertyName}",
                { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element } => $"a list, each {Kind(element, options)}",
                { Kind: JsonTypeInfoKind.Dictionary, ElementType: { } element } =>
                    $"an object whose fields are each {Kind(element, options)}",
                { Kind: JsonTypeInfoKind.Object } info => $"an object with {string.Join(", ", Fields(info).Select(p => p.Name))}",
                _ => "another value",
            },
        };
    }

    private static string Text(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => $"'{json.GetString()}'",
        _ => json.GetRawText(),
    };

    private static string Member(string place, string name) => place.Length == 0 ? name : $"{place}.{name}";

    private static string Named(string place) => place.Length == 0 ? "the whole" : place;
}
