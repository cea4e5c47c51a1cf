namespace EventService.Registry.Catalog;

/// <summary>Which models are wanted; all conditions must hold.</summary>
/// <param name="Process">Only models of this process; null for all.</param>
/// <param name="Text">With this text in the name or the process, in capitals or not.</param>
/// <param name="Alias">With this alias.</param>
/// <param name="After">Whose names come after this one: the last of the page before.</param>
/// <param name="Limit">The largest number of rows.</param>
public sealed record ModelSearch(string? Process = null, string? Text = null, string? Alias = null, string? After = null, int Limit = ModelSearch.DefaultLimit)
{
    public const int DefaultLimit = 100;
    public const int LargestLimit = 1000;
}

/// <summary>Models by name.</summary>
/// <param name="Models">Those of this page.</param>
/// <param name="Next">What <see cref="ModelSearch.After"/> is for the next page; null on the last.</param>
public sealed record ModelPage(IReadOnlyList<ModelResponse> Models, string? Next);
