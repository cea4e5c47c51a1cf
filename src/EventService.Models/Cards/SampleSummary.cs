namespace EventService.Models.Cards;

/// <summary>Where a sample came from.</summary>
/// <param name="Source">File or model.</param>
/// <param name="Sha256">The sha256 of that file, lower-case hexadecimal.</param>
/// <param name="Selection">Which of its events were taken.</param>
/// <param name="Process">Physics process.</param>
/// <param name="Events">How many.</param>
public sealed record SampleSummary(string Source, string Sha256, string Selection, string Process, int Events);
